// ConsentAuthorityTests
