// Package experiments has the example experiments, so that qsim can run and print them wherever it
// is installed.
package experiments

import "embed"

// Files are the experiments of this folder.
//
//go:embed *.yaml
var Files embed.FS
