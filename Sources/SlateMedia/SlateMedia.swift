// SlateMedia
