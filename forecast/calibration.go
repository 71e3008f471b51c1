package forecast

import "time"

// Calibration corrects.
type Calibration struct{}

func (c *Calibration) correct(raw [3]time.Duration) [3]time.Duration { return raw }
func (c *Calibration) text() string                                  { return "" }
