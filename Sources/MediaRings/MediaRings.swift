// MediaRings
