package tune

import (
	"encoding/json"
	"math"
)

// Figure is a number that may be infinite. JSON has null for infinity and for no number.
type Figure float64

// MarshalJSON implements json.Marshaler.
func (f Figure) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(f), 0) || math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON implements json.Unmarshaler: null is infinity.
func (f *Figure) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Figure(math.Inf(1))
		return nil
	}
	return json.Unmarshal(b, (*float64)(f))
}
