package generate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Shape is the name of a course that arrivals take over days and weeks.
type Shape string

// The shapes. Each has factors for the hours of a day, of which only the proportions count, and
// for the days of a week.
const (
	// ShapeFlat is the same at all times, as for machines.
	ShapeFlat Shape = "flat"
	// ShapeWorkingHours is an office: most from 9 to 18, less at noon, little in the evening and
	// at weekends.
	ShapeWorkingHours Shape = "working-hours"
	// ShapeWakingHours rises from 7 in the morning to 14 and falls until 21, with some work at
	// night, and at weekends 0.3 of a working day: people in more than one place.
	ShapeWakingHours Shape = "waking-hours"
	// ShapeNights is from 20 in the evening to 6 in the morning: what people leave to run.
	ShapeNights Shape = "nights"
)

// course has the factors of a shape.
type course struct {
	hours [24]float64
	days  [7]float64
}

var everyDay = [7]float64{1, 1, 1, 1, 1, 1, 1}

// courses has the factors of all shapes.
var courses = map[Shape]course{
	ShapeFlat: {
		hours: [24]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		days:  everyDay,
	},
	ShapeWorkingHours: {
		hours: [24]float64{
			0.5, 0.3, 0.2, 0.2, 0.2, 0.3, 0.6, 2, 5, 9, 11, 10,
			6, 9, 11, 11, 10, 8, 5, 3, 2.5, 2, 1.5, 1},
		days: [7]float64{1, 1, 1, 1, 1, 0.08, 0.08},
	},
	ShapeWakingHours: {
		hours: [24]float64{
			0.15, 0.15, 0.15, 0.15, 0.15, 0.15, 0.15, 0.4, 0.9, 1.4, 1.8, 2.1,
			2.3, 2.4, 2.4, 2.3, 2.1, 1.8, 1.4, 0.9, 0.4, 0.15, 0.15, 0.15},
		days: [7]float64{1, 1, 1, 1, 1, 0.3, 0.3},
	},
	ShapeNights: {
		hours: [24]float64{
			3, 2.5, 2, 1.5, 1.2, 1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1,
			0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 3.5, 3.5},
		days: everyDay,
	},
}

// course returns the factors of a shape; an empty name is the flat one.
func (s Shape) course() (course, error) {
	if s == "" {
		s = ShapeFlat
	}
	c, ok := courses[s]
	if !ok {
		var known []string
		for _, name := range slices.Sorted(maps.Keys(courses)) {
			known = append(known, string(name))
		}
		return c, fmt.Errorf("%q is not a shape; there are %s", string(s),
			strings.Join(known, ", "))
	}
	return c, nil
}
