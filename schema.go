package veghe

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of the words: its $defs describe
// Post, Assessment and the others as they stand in files and on the stream.
//
//go:embed schema.json
var Schema []byte
