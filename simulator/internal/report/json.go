package report

import (
	"encoding/json"
	"io"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// JSON writes every figure of results, as one line: percentiles and series are long lists. Equal
// results give equal bytes. An error says which value JSON cannot hold, such as NaN.
func JSON(w io.Writer, results *experiment.Results) error {
	return json.NewEncoder(w).Encode(results)
}
