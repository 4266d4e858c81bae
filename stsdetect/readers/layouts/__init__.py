"""One small module for each public source of AIS: how it is recognised, its names, its times, what it lacks."""
