// SessionDescriptions
