// SessionDescriptionsTests
