package generate_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// steady is a stream without a shape, whose tasks run for a minute.
func steady(name string, perDay float64) generate.Stream {
	return generate.Stream{
		Name:     name,
		Account:  scheduler.AccountID(name),
		Arrivals: generate.Arrivals{PerDay: perDay},
		Run:      generate.RunTime{Constant: time.Minute},
	}
}

// make makes the submissions of streams.
func submissions(t *testing.T, seed uint64, length time.Duration,
	streams ...generate.Stream) []simulator.Submission {
	t.Helper()
	return workload(t, seed, &generate.Spec{Length: length, Streams: streams}).Submissions
}

// workload makes the workload of a spec.
func workload(t *testing.T, seed uint64, spec *generate.Spec) *simulator.Workload {
	t.Helper()
	w, err := spec.Workload("test", seed)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// count counts the submissions for which f is true.
func count(all []simulator.Submission, f func(s *simulator.Submission) bool) int {
	n := 0
	for i := range all {
		if f(&all[i]) {
			n++
		}
	}
	return n
}

// expected fails the test if a count is further than four standard deviations of a Poisson variable
// from what is expected.
func expected(t *testing.T, what string, got int, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 4*math.Sqrt(want)+1e-9 {
		t.Errorf("%s: got %d, want about %.1f", what, got, want)
	}
}

func hourOf(s *simulator.Submission) int { return int(s.Submit % day / time.Hour) }
func dayOf(s *simulator.Submission) int  { return int(s.Submit / day % 7) }

// A flat stream has the rate that it says, on every day and in every hour, and gaps like those of a
// Poisson process: a part 1/e of them is longer than the mean.
func TestFlatArrivals(t *testing.T) {
	all := submissions(t, 1, 4*week, steady("a", 500))
	expected(t, "all", len(all), 28*500)
	for d := range 7 {
		expected(t, "a day", count(all, func(s *simulator.Submission) bool {
			return dayOf(s) == d
		}), 4*500)
	}
	for hour := range 24 {
		expected(t, "an hour", count(all, func(s *simulator.Submission) bool {
			return hourOf(s) == hour
		}), 28*500/24.0)
	}
	long := 0
	for i := 1; i < len(all); i++ {
		if all[i].Submit-all[i-1].Submit > day/500 {
			long++
		}
	}
	expected(t, "long gaps", long, float64(len(all))/math.E)
}

// Hours of a day follow the factors, of which only the proportions count; days scale PerDay.
func TestHoursAndDays(t *testing.T) {
	s := steady("a", 1000)
	s.Arrivals.Hours = make([]float64, 24)
	s.Arrivals.Hours[9], s.Arrivals.Hours[17] = 30, 10
	s.Arrivals.Days = []float64{1, 1, 2, 1, 1, 0, 0.5}
	all := submissions(t, 1, 2*week, s)
	expected(t, "all", len(all), 2*6500)
	expected(t, "9 o'clock", count(all, func(s *simulator.Submission) bool {
		return hourOf(s) == 9
	}), 2*6500*0.75)
	expected(t, "17 o'clock", count(all, func(s *simulator.Submission) bool {
		return hourOf(s) == 17
	}), 2*6500*0.25)
	expected(t, "Wednesday", count(all, func(s *simulator.Submission) bool {
		return dayOf(s) == 2
	}), 2*2000)
	equal(t, "Saturday", count(all, func(s *simulator.Submission) bool { return dayOf(s) == 5 }), 0)
}

// Every shape has PerDay arrivals on a Tuesday, at its own hours.
func TestShapes(t *testing.T) {
	for _, c := range []struct {
		shape generate.Shape
		// byDay and atWeekends are the parts of a day's arrivals from 8 to 20, and of a working
		// day's on a Sunday.
		byDay, atWeekends float64
	}{
		{"", 0.5, 1},
		{generate.ShapeFlat, 0.5, 1},
		{generate.ShapeWorkingHours, 0.89, 0.08},
		{generate.ShapeWakingHours, 0.91, 0.3},
		{generate.ShapeNights, 0.123, 1},
	} {
		t.Run(string(c.shape), func(t *testing.T) {
			s := steady("a", 5000)
			s.Arrivals.Shape = c.shape
			all := submissions(t, 3, week, s)
			on := func(d int) int {
				return count(all, func(s *simulator.Submission) bool { return dayOf(s) == d })
			}
			expected(t, "Tuesday", on(1), 5000)
			expected(t, "Sunday", on(6), 5000*c.atWeekends)
			byDay := count(all, func(s *simulator.Submission) bool {
				return dayOf(s) == 1 && hourOf(s) >= 8 && hourOf(s) < 20
			})
			if got := float64(byDay) / float64(on(1)); math.Abs(got-c.byDay) > 0.02 {
				t.Errorf("from 8 to 20: got %v of the day, want %v", got, c.byDay)
			}
		})
	}
}

// The week begins on Monday also for a workload that starts on another day, at another hour.
func TestStartInTheMiddleOfAWeek(t *testing.T) {
	s := steady("a", 1000)
	s.Arrivals.Days = []float64{0, 0, 0, 0, 1, 0, 0} // Friday
	w := workload(t, 1, &generate.Spec{
		Start:   time.Date(2026, time.March, 5, 16, 30, 0, 0, time.FixedZone("east", 3600)),
		Length:  week,
		Streams: []generate.Stream{s},
	})
	expected(t, "all", len(w.Submissions), 1000)
	for _, s := range w.Submissions {
		if on := w.Start.Add(s.Submit).Weekday(); on != time.Friday {
			t.Fatalf("%v is a %v", s.Submit, on)
		}
	}
}

// A rush multiplies what arrives between its times, on its days.
func TestRush(t *testing.T) {
	s := steady("a", 2400)
	s.Arrivals.Rushes = []generate.Rush{
		{Days: []string{"tue", "thu"}, From: "14:15", To: "16:45", Factor: 5},
		{Days: []string{"thu"}, From: "16:00", Factor: 0},
	}
	all := submissions(t, 1, week, s)
	in := func(d int, from, to time.Duration) int {
		return count(all, func(s *simulator.Submission) bool {
			return dayOf(s) == d && s.Submit%day >= from && s.Submit%day < to
		})
	}
	minutes := func(m int) time.Duration { return time.Duration(m) * time.Minute }
	expected(t, "Monday", in(0, 0, day), 2400)
	expected(t, "Tuesday", in(1, 0, day), 2400+4*250)
	expected(t, "the rush of Tuesday", in(1, minutes(14*60+15), minutes(16*60+45)), 5*250)
	expected(t, "before it", in(1, minutes(13*60), minutes(14*60+15)), 125)
	expected(t, "the rush of Thursday", in(3, minutes(14*60+15), minutes(16*60)), 5*175)
	equal(t, "the end of Thursday", in(3, minutes(16*60), day), 0)
}

// Bursts happen as often as they should, last as long, and bring as much more.
func TestBursts(t *testing.T) {
	s := steady("a", 240)
	s.Arrivals.Bursts = []generate.Burst{{PerWeek: 3, Length: 2 * time.Hour, Factor: 30}}
	const weeks = 100
	all := submissions(t, 1, weeks*week, s)
	// An ordinary hour has 10 arrivals, one in a burst has 300.
	hours := make([]int, weeks*7*24)
	for i := range all {
		hours[all[i].Submit/time.Hour]++
	}
	bursts, inBurst, hot := 0, false, 0
	for _, n := range hours {
		isHot := n > 35
		if isHot {
			hot += n
		}
		if isHot && !inBurst {
			bursts++
		}
		inBurst = isHot
	}
	if bursts < 240 || bursts > 360 { // 300 expected; a few run into each other
		t.Errorf("%d bursts in %d weeks", bursts, weeks)
	}
	want := float64(bursts) * 600
	if math.Abs(float64(hot)-want) > 0.15*want {
		t.Errorf("%d arrivals in %d bursts, want about %.0f", hot, bursts, want)
	}
}

// A batch comes at its time, on its days, in full.
func TestBatch(t *testing.T) {
	s := steady("nightly", 0)
	s.Batches = []generate.Batch{
		{At: "02:00", Count: 13},
		{At: "23:30", Days: []string{"sat"}, Count: 500, Over: time.Hour},
	}
	all := submissions(t, 1, 2*week, s)
	nights := map[time.Duration]int{}
	late := 0
	for i := range all {
		switch at := all[i].Submit; {
		case at%day == 2*time.Hour:
			nights[at]++
		case at >= 5*day+23*time.Hour+30*time.Minute && at < 6*day+30*time.Minute,
			at >= 12*day+23*time.Hour+30*time.Minute && at < 13*day+30*time.Minute:
			late++
		default:
			t.Fatalf("%+v", all[i])
		}
	}
	equal(t, "nights", len(nights), 14)
	for at, n := range nights {
		equal(t, "at "+at.String(), n, 13)
	}
	equal(t, "Saturdays", late, 1000)
	afterMidnight := count(all, func(s *simulator.Submission) bool {
		return dayOf(s) == 6 && s.Submit%day < 30*time.Minute
	})
	if afterMidnight < 420 || afterMidnight > 580 {
		t.Errorf("%d of 1000 are in the second half", afterMidnight)
	}
}

// A load factor scales arrivals and batches.
func TestLoadFactor(t *testing.T) {
	s := steady("a", 1000)
	s.Batches = []generate.Batch{{At: "02:00", Count: 10}}
	w := workload(t, 1, &generate.Spec{
		Length: week, LoadFactor: 1.5, Streams: []generate.Stream{s},
	})
	batch := count(w.Submissions, func(s *simulator.Submission) bool {
		return s.Submit%day == 2*time.Hour
	})
	equal(t, "batches", batch, 7*15)
	expected(t, "the others", len(w.Submissions)-batch, 7*1500)
}

// Batches and counters go by the clock also if the workload starts in the middle of a day; a time
// that is the start itself lets a batch come, and a counter stay.
func TestClockOfBatchesAndCounters(t *testing.T) {
	s := steady("a", 0)
	s.Batches = []generate.Batch{
		{At: "15:30", Count: 1},
		{At: "02:00", Days: []string{"fri", "thu"}, Count: 1},
	}
	s.ProvisionableLabels = []string{"{n}"}
	w := workload(t, 1, &generate.Spec{
		Start:    time.Date(2026, time.March, 5, 15, 30, 0, 0, time.UTC), // a Thursday
		Length:   2 * day,
		Counters: map[string]generate.Counter{"n": {At: []generate.TimeOfDay{"15:30", "02:00"}}},
		Streams:  []generate.Stream{s},
	})
	var got []string
	for _, s := range w.Submissions {
		got = append(got, w.Start.Add(s.Submit).Format("Mon 15:04 ")+s.ProvisionableLabels[0])
	}
	equal(t, "batches", strings.Join(got, ", "), "Thu 15:30 0, Fri 02:00 1, Fri 15:30 2")
}

// equal fails the test if two values differ.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
