"""Pages and files for people and for other programs: the report page, GIS files, GeoParquet."""
