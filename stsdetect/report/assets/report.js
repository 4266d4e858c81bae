"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const rows = [...document.querySelectorAll("tr[data-pair]")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const narrow = () => matchMedia("(max-width: 1199px)").matches;
  const kinds = ["port_call", "gap", "loitering", "identity", "dark_rendezvous", "encounter"];
  const reaches = data.reach || [];
  const areas = data.areas || [];

  // Colours come from the style sheet, so that the map follows the light or dark scheme of the page.
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue("--" + name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const look = {
    sea: colour("sea"), land: dark ? "#2a3238" : "#f4f1e8", shore: dark ? "#4a565e" : "#b9b7a8",
    zone: colour("zone"), a: colour("side-a"), b: colour("side-b"), halo: dark ? "#0c1216" : "#ffffff",
    encounter: colour("encounter"), loitering: colour("loitering"), gap: colour("gap"),
    identity: colour("identity"), port_call: colour("port-call"), dark_rendezvous: colour("encounter"), area: colour("area"),
  };
  // What nobody saw is drawn hollow.
  const hollow = (kind) => kind === "dark_rendezvous";

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const bubble = (event) => {
    const box = element("div", "bubble");
    const title = element("strong");
    title.append(element("bdi", "", event.title));
    box.append(title, ...event.lines.map((line) => element("span", "", line)));
    return box;
  };
  const label = (zone) => {
    const made = element("div", "zone-label", zone.name);
    made.title = zone.about;
    return made;
  };
  // Labels that would lie over an earlier one are hidden; zones come largest first.
  const declutter = () => {
    const taken = [];
    document.querySelectorAll(".zone-label").forEach((made) => {
      const box = made.getBoundingClientRect();
      const covered = taken.some((other) => box.left < other.right + 4 && box.right > other.left - 4 && box.top < other.bottom + 2 && box.bottom > other.top - 2);
      made.classList.toggle("covered", covered);
      if (!covered && box.width) taken.push(box);
    });
  };
  const place = (lat, lon) => {
    const angle = (value, sides) => {
      const tenths = Math.round(Math.abs(value) * 600);
      return `${Math.floor(tenths / 600)}°${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}'${sides[value < 0 ? 1 : 0]}`;
    };
    return `${angle(lat, "NS")} ${angle(((((lon + 180) % 360) + 360) % 360) - 180, "EW")}`;
  };
  const boundsOf = (pair) => {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    const take = ([lon, lat]) => {
      box[0] = Math.min(box[0], lon); box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lon); box[3] = Math.max(box[3], lat);
    };
    data.events.forEach((event) => { if (event.pair === pair) take(event.at); });
    data.tracks.forEach((leg) => { if (leg.pair === pair && leg.during) leg.line.forEach(take); });
    reaches.forEach((shape) => { if (shape.pair === pair) shape.coordinates.flat(2).forEach(take); });
    return box[0] === Infinity ? null : box;
  };

  const feature = (type, coordinates, properties) => ({ type: "Feature", geometry: { type, coordinates }, properties });
  const collection = (features) => ({ type: "FeatureCollection", features });
  const trackFeatures = () => data.tracks.map((leg) => feature("LineString", leg.line, { pair: leg.pair, side: leg.side, during: leg.during }));

  // MapLibre fits some 6,500 vertices of a line into one of its buffers.
  const shoreLines = () => data.land.flat().flatMap((ring) => {
    const pieces = [];
    for (let begin = 0; begin < ring.length - 1; begin += 5000) pieces.push(ring.slice(begin, begin + 5001));
    return pieces;
  });

  // Both maps offer the same: choose(pair), fly(point), all(), show(layer, on). `onEvent(number)` is a click on a point.
  function glMap(onEvent) {
    const [west, south, east, north] = data.box;
    const [w, s, e, n] = data.room;
    const source = (features) => ({ type: "geojson", data: collection(features), maxzoom: 16, tolerance: 0.2 });
    const bySide = ["match", ["get", "side"], "a", look.a, look.b];
    const point = (kind) => ({
      id: kind, type: "circle", source: "events", filter: ["==", ["get", "kind"], kind],
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 2, kind === "encounter" ? 4 : 2.5, 10, kind === "encounter" ? 7 : 5],
        "circle-color": look[kind], "circle-opacity": hollow(kind) ? 0.15 : kind === "encounter" ? 0.95 : 0.75,
        "circle-stroke-color": hollow(kind) ? look[kind] : look.halo, "circle-stroke-width": hollow(kind) ? 1.75 : kind === "encounter" ? 1.5 : 0.75,
      },
    });
    const map = new maplibregl.Map({
      container: "map", attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false,
      maxZoom: 17, minZoom: 0.5, maxBounds: e - w >= 359 ? undefined : [[w, s], [e, n]], bounds: [[west, south], [east, north]],
      fitBoundsOptions: { padding: 50, maxZoom: 12 }, renderWorldCopies: true,
      // Without it the map prints blank.
      canvasContextAttributes: { preserveDrawingBuffer: true },
      style: {
        version: 8,
        sources: {
          land: source([feature("MultiPolygon", data.land, {})]),
          shore: source(shoreLines().map((line) => feature("LineString", line, {}))),
          zones: source(data.zones.map((zone) => feature("MultiPolygon", zone.coordinates, {}))),
          areas: source(areas.map((area) => feature("MultiPolygon", area.coordinates, { number: areas.indexOf(area) }))),
          reach: source(reaches.map((shape) => feature("MultiPolygon", shape.coordinates, { pair: shape.pair }))),
          tracks: source(trackFeatures()),
          silences: source(data.silences.map((line) => feature("LineString", line, {}))),
          events: source(data.events.map((event, number) => feature("Point", event.at, { number, kind: event.kind, pair: event.pair }))),
        },
        layers: [
          { id: "sea", type: "background", paint: { "background-color": look.sea } },
          { id: "land", type: "fill", source: "land", paint: { "fill-color": look.land } },
          { id: "shore", type: "line", source: "shore", paint: { "line-color": look.shore, "line-width": 0.7 } },
          { id: "zone-area", type: "fill", source: "zones", paint: { "fill-color": look.zone, "fill-opacity": 0.07 } },
          { id: "zone-edge", type: "line", source: "zones", paint: { "line-color": look.zone, "line-width": 1, "line-dasharray": [3, 2] } },
          { id: "area-fill", type: "fill", source: "areas", paint: { "fill-color": look.area, "fill-opacity": 0.16 } },
          { id: "area-edge", type: "line", source: "areas", paint: { "line-color": look.area, "line-width": 0.8 } },
          { id: "reach-area", type: "fill", source: "reach", filter: ["==", ["get", "pair"], -1], paint: { "fill-color": look.encounter, "fill-opacity": 0.07 } },
          { id: "reach-edge", type: "line", source: "reach", filter: ["==", ["get", "pair"], -1], paint: { "line-color": look.encounter, "line-width": 1.5, "line-dasharray": [3, 2] } },
          { id: "silence", type: "line", source: "silences", paint: { "line-color": look.gap, "line-width": 1, "line-opacity": 0.5, "line-dasharray": [2, 3] } },
          { id: "faint", type: "line", source: "tracks", paint: { "line-color": bySide, "line-width": 1, "line-opacity": 0.3 } },
          { id: "course", type: "line", source: "tracks", filter: ["==", ["get", "pair"], -1], paint: { "line-color": bySide, "line-width": 1.6, "line-opacity": 0.85 } },
          { id: "meeting", type: "line", source: "tracks", filter: ["==", ["get", "pair"], -1], layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": bySide, "line-width": 4 } },
          ...kinds.map(point),
          { id: "ring", type: "circle", source: "events", filter: ["==", ["get", "pair"], -2], paint: { "circle-radius": 13, "circle-opacity": 0, "circle-color": "#000", "circle-stroke-color": look.encounter, "circle-stroke-width": 2 } },
        ],
      },
    });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new maplibregl.ScaleControl({ unit: "nautical" }), "bottom-left");
    const labels = data.zones.map((zone) => new maplibregl.Marker({ element: label(zone) }).setLngLat(zone.label).addTo(map));
    map.on("moveend", declutter);
    map.once("load", declutter);
    setTimeout(declutter, 0);
    let popup = null;
    const say = (at, what) => {
      if (popup) popup.remove();
      popup = new maplibregl.Popup({ maxWidth: "280px", offset: 10 }).setLngLat(at).setDOMContent(bubble(what)).addTo(map);
    };
    const open = (number) => say(data.events[number].at, data.events[number]);
    kinds.forEach((kind) => {
      map.on("mouseenter", kind, () => { map.getCanvas().style.cursor = "pointer"; });
      map.on("mouseleave", kind, () => { map.getCanvas().style.cursor = ""; });
    });
    map.on("click", (click) => {
      const near = [[click.point.x - 5, click.point.y - 5], [click.point.x + 5, click.point.y + 5]];
      const hits = map.queryRenderedFeatures(near, { layers: kinds });
      if (hits.length) { open(hits[0].properties.number); onEvent(hits[0].properties.number); return; }
      const [area] = map.queryRenderedFeatures(click.point, { layers: ["area-fill"] });
      if (area) say(click.lngLat, areas[area.properties.number]);
    });
    map.on("mousemove", (move) => { byId("cursor").textContent = place(move.lngLat.lat, move.lngLat.lng); });
    const ready = (then) => { if (map.isStyleLoaded()) then(); else map.once("load", then); };
    const inLayers = { tracks: ["faint", "course", "meeting"], zones: ["zone-area", "zone-edge"], gap: ["gap", "silence"], reach: ["reach-area", "reach-edge"], areas: ["area-fill", "area-edge"] };
    return {
      choose: (pair, fly) => ready(() => {
        const own = ["==", ["get", "pair"], pair];
        map.setFilter("course", own);
        map.setFilter("meeting", ["all", own, ["get", "during"]]);
        map.setFilter("ring", own);
        map.setFilter("reach-area", own);
        map.setFilter("reach-edge", own);
        const box = boundsOf(pair);
        if (popup) popup.remove();
        if (fly && box) map.fitBounds([[box[0], box[1]], [box[2], box[3]]], { padding: 90, maxZoom: 11, duration: calm ? 0 : 1400 });
      }),
      fly: (number) => {
        map.flyTo({ center: data.events[number].at, zoom: Math.max(map.getZoom(), 10), duration: calm ? 0 : 1400 });
        open(number);
      },
      all: () => map.fitBounds([[west, south], [east, north]], { padding: 50, maxZoom: 12, duration: calm ? 0 : 900 }),
      show: (layer, on) => ready(() => {
        (inLayers[layer] || [layer]).forEach((id) => map.setLayoutProperty(id, "visibility", on ? "visible" : "none"));
        if (layer === "zones") labels.forEach((marker) => { marker.getElement().hidden = !on; });
      }),
    };
  }

  function canvasMap(onEvent) {
    const [west, south, east, north] = data.box;
    const [w, s, e, n] = data.room;
    const whole = [[south, west], [north, east]];
    const map = L.map("map", { preferCanvas: true, attributionControl: false, zoomControl: false, zoomSnap: 0.25, maxZoom: 17,
      maxBounds: [[s, w], [n, e]], zoomAnimation: !calm, fadeAnimation: !calm });
    L.control.zoom({ position: "topright" }).addTo(map);
    L.control.scale({ position: "bottomleft", imperial: false }).addTo(map);
    map.fitBounds(whole, { padding: [50, 50], maxZoom: 12 });
    map.on("moveend zoomend", declutter);
    setTimeout(declutter, 0);
    const flat = (line) => line.map(([lon, lat]) => [lat, lon]);
    const area = (coordinates, style) => L.polygon(coordinates.map((shape) => shape.map(flat)), { interactive: false, ...style });
    area(data.land, { color: look.shore, weight: 0.7, fillColor: look.land, fillOpacity: 1 }).addTo(map);
    const groups = Object.fromEntries(["zones", "areas", "reach", "tracks", ...kinds].map((name) => [name, L.layerGroup()]));
    Object.values(groups).forEach((group) => group.addTo(map));
    data.zones.forEach((zone) => {
      area(zone.coordinates, { color: look.zone, weight: 1, dashArray: "4 3", fillColor: look.zone, fillOpacity: 0.07 }).addTo(groups.zones);
      const icon = L.divIcon({ html: label(zone), className: "zone-icon", iconSize: [130, 30] });
      L.marker([zone.label[1], zone.label[0]], { icon, interactive: false, keyboard: false }).addTo(groups.zones);
    });
    areas.forEach((one) => area(one.coordinates, { color: look.area, weight: 0.8, fillColor: look.area, fillOpacity: 0.16, interactive: true }).bindPopup(() => bubble(one), { maxWidth: 280 }).addTo(groups.areas));
    const track = (leg, weight, opacity) => L.polyline(flat(leg.line), { color: look[leg.side], weight, opacity, interactive: false });
    data.tracks.forEach((leg) => track(leg, 1, 0.3).addTo(groups.tracks));
    const chosen = L.layerGroup().addTo(groups.tracks);
    data.silences.forEach((line) => L.polyline(flat(line), { color: look.gap, weight: 1, opacity: 0.5, dashArray: "3 5", interactive: false }).addTo(groups.gap));
    const points = data.events.map((event) => L.circleMarker([event.at[1], event.at[0]], {
      radius: event.kind === "encounter" ? 6 : 4, color: hollow(event.kind) ? look[event.kind] : look.halo, weight: hollow(event.kind) ? 2 : 1,
      fillColor: look[event.kind] || look.gap, fillOpacity: hollow(event.kind) ? 0.15 : event.kind === "encounter" ? 0.95 : 0.75,
    }));
    kinds.forEach((kind) => data.events.forEach((event, number) => {
      if (event.kind === kind) points[number].bindPopup(() => bubble(event), { maxWidth: 280 }).on("click", () => onEvent(number)).addTo(groups[kind]);
    }));
    map.on("mousemove", (move) => { byId("cursor").textContent = place(move.latlng.lat, move.latlng.lng); });
    return {
      choose: (pair, fly) => {
        chosen.clearLayers();
        groups.reach.clearLayers();
        reaches.forEach((shape) => { if (shape.pair === pair) area(shape.coordinates, { color: look.encounter, weight: 1.5, dashArray: "6 4", fillColor: look.encounter, fillOpacity: 0.07 }).addTo(groups.reach); });
        data.tracks.forEach((leg) => { if (leg.pair === pair) track(leg, leg.during ? 4 : 1.6, leg.during ? 1 : 0.85).addTo(chosen); });
        data.events.forEach((event) => { if (event.pair === pair) L.circleMarker([event.at[1], event.at[0]], { radius: 13, color: look.encounter, weight: 2, fill: false, interactive: false }).addTo(chosen); });
        const box = boundsOf(pair);
        if (fly && box) map.flyToBounds([[box[1], box[0]], [box[3], box[2]]], { padding: [90, 90], maxZoom: 11, animate: !calm, duration: 1.2 });
      },
      fly: (number) => {
        const [lon, lat] = data.events[number].at;
        map.setView([lat, lon], Math.max(map.getZoom(), 10), { animate: !calm });
        points[number].openPopup();
      },
      all: () => map.fitBounds(whole, { padding: [50, 50], maxZoom: 12 }),
      show: (layer, on) => { if (on) groups[layer].addTo(map); else groups[layer].remove(); },
    };
  }

  const webgl = () => {
    try {
      const canvas = document.createElement("canvas");
      return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
    } catch { return false; }
  };
  const nothing = { choose() {}, fly() {}, all() {}, show() {} };
  const note = (text) => { byId("map-note").textContent = text; byId("map-note").hidden = false; };
  function anyMap(onEvent) {
    if (!data.box) { note("Nothing to map."); return nothing; }
    try {
      if (typeof maplibregl === "object" && webgl()) return glMap(onEvent);
    } catch (problem) {
      console.warn("The WebGL map failed, drawing on a canvas instead.", problem);
      byId("map").replaceWith(Object.assign(element("div"), { id: "map" }));
    }
    try { return canvasMap(onEvent); } catch (problem) {
      console.error(problem);
      note("This browser cannot draw the map. The list and the reasons are complete.");
      return nothing;
    }
  }

  let current = -1;
  function choose(pair, { fly = true, scroll = false } = {}) {
    if (pair === current && !fly) return;
    const before = byId("pair-" + current);
    if (before) before.hidden = true;
    current = pair;
    rows.forEach((row) => {
      const on = Number(row.dataset.pair) === pair;
      row.classList.toggle("chosen", on);
      row.querySelector("button").setAttribute("aria-pressed", String(on));
      if (on && scroll) row.scrollIntoView({ block: "nearest" });
    });
    byId("pair-" + pair).hidden = false;
    byId("reasons").scrollTop = 0;
    map.choose(pair, fly);
  }
  const map = anyMap((number) => {
    const { pair } = data.events[number];
    if (pair >= 0 && pair !== current) choose(pair, { fly: false, scroll: !narrow() });
  });
  if (data.box) byId("legend").hidden = false;
  byId("legend").addEventListener("change", (change) => map.show(change.target.value, change.target.checked));
  if (matchMedia("(max-width: 759px)").matches) byId("legend").open = false;
  byId("all").addEventListener("click", () => map.all());

  rows.forEach((row) => row.addEventListener("click", () => {
    choose(Number(row.dataset.pair));
    if (narrow()) byId("reasons").scrollIntoView({ behavior: calm ? "auto" : "smooth" });
  }));
  document.addEventListener("click", (click) => {
    const button = click.target.closest("button[data-event]");
    if (!button) return;
    map.fly(Number(button.dataset.event));
    if (narrow()) byId("map-pane").scrollIntoView({ behavior: calm ? "auto" : "smooth" });
  });
  // Up and down walk through the list, as in a mail program.
  byId("list").addEventListener("keydown", (key) => {
    const row = key.target.closest("tr[data-pair]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    if (!row || !step) return;
    const shown = rows.filter((one) => !one.hidden);
    const next = shown[shown.indexOf(row) + step];
    if (!next) return;
    key.preventDefault();
    next.querySelector("button").focus();
    choose(Number(next.dataset.pair), { scroll: true });
  });
  addEventListener("beforeprint", () => { document.querySelector(".about").open = true; });
  const search = byId("search");
  if (search) search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    });
    byId("nothing").hidden = rows.some((row) => !row.hidden);
  });
  if (rows.length) choose(Number(rows[0].dataset.pair), { fly: false });
})();
