"""Sound that lives on behind a join: what the clip's sound is, and how it goes on.

Pure arrays in, arrays and measures out. Sound is (channels, time) float, full scale 1, at
``rate`` samples a second. What is decoded and encoded, the join does (join.sound).
"""
