// ICELite
