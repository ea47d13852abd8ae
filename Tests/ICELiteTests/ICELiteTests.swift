// ICELiteTests
