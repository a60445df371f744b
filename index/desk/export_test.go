package desk

// Migrations are the way to the current tables, for tests that start on it
// earlier.
var Migrations = migrations
