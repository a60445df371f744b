package desk

// Schema is the way to the current tables, for tests that start on it earlier.
var Schema = schema
