// ConsentAuthority
