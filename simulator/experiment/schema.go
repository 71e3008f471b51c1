package experiment

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of experiment files, for editors. It finds wrong
// names and forms; Parse finds more.
func Schema() []byte { return append([]byte{}, schema...) }
