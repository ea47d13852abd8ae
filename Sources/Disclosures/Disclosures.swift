// Disclosures
