package simulator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// The built-in workload: a made-up week of a lab in which six teams share 120 devices.
//
//	who      level  what they run                                           devices
//	cq       p0     12 short tests for each change, by day; a rush before   any model, main pool
//	                the branch on Wednesday and Thursday; the newest build
//	release  p1     half-hour tests of the stable build, by day             main pool
//	perf     p1     long tests of the newest build, day and night           perf pool
//	bringup  p1     tests of the new model with the newest build, by day    rowan, main pool
//	nightly  p2     1,300 tests of the newest build at 02:00 each night     any model, main pool
//	fuzz     free   long tests of the stable build, day and night           main pool
//
// Each morning there is a new build, and a device must be provisioned before it runs a test of
// another build than the one that it has.

// labStart is a Monday.
var labStart = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// labDays is how long submissions arrive; the last tasks end on the day after.
const labDays = 7

// labModels are the models of devices, with what part of the lab each of them is.
var labModels = []struct {
	name    string
	percent int
}{
	{"birch", 25}, {"cedar", 21}, {"fir", 17}, {"hazel", 16}, {"oak", 13}, {"rowan", 8},
}

// DeviceLabWorkers is the number of devices that the built-in week is made for.
const DeviceLabWorkers = 120

// DeviceLabFleet returns n devices of six models, one in twelve of them in the perf pool. All have
// the stable build.
func DeviceLabFleet(n int) []Worker {
	workers := make([]Worker, 0, n)
	percent := 0
	for _, m := range labModels {
		percent += m.percent
		for i := 0; len(workers) < n*percent/100; i++ {
			pool := "pool:main"
			if i%12 == 6 && m.name != "rowan" {
				pool = "pool:perf"
			}
			workers = append(workers, Worker{
				ID:     scheduler.WorkerID(fmt.Sprintf("%s-%02d", m.name, i+1)),
				Labels: []string{"model:" + m.name, pool, "os:stable"},
			})
		}
	}
	return workers
}

// DeviceLabPolicy returns the quotas of the six teams, for 120 devices.
func DeviceLabPolicy() Policy {
	account := func(level scheduler.Priority, workers float64, maxCharge time.Duration) Account {
		var a Account
		a.Config.ChargeRate[level] = scheduler.Workers(workers)
		a.Config.MaxCharge = maxCharge
		a.Balance = fullBalance(&a.Config)
		return a
	}
	cq := account(0, 40, 2*time.Hour)
	cq.Config.Description = "tests of changes before they land"
	bringup := account(1, 4, 4*time.Hour)
	bringup.Config.MaxFanout = 6
	return Policy{Accounts: map[scheduler.AccountID]Account{
		"cq":      cq,
		"release": account(1, 15, 4*time.Hour),
		"perf":    account(1, 6, 8*time.Hour),
		"bringup": bringup,
		"nightly": account(2, 40, 4*time.Hour),
		"fuzz":    {},
	}}
}

// DeviceLab returns the built-in week. The same seed gives the same submissions.
func DeviceLab(seed uint64) *Workload {
	l := &lab{}
	l.commitQueue(newStream(seed, 1))
	l.steady(newStream(seed, 2), &labStream{account: "release", perDay: 330,
		median: 30 * time.Minute, spread: 0.5, byDay: true, stable: true})
	l.steady(newStream(seed, 3), &labStream{account: "perf", perDay: 150,
		median: 55 * time.Minute, spread: 0.3, pool: "pool:perf"})
	l.steady(newStream(seed, 4), &labStream{account: "bringup", perDay: 110,
		median: 20 * time.Minute, spread: 0.6, byDay: true, model: "rowan"})
	l.nightly(newStream(seed, 5))
	l.steady(newStream(seed, 6), &labStream{account: "fuzz", perDay: 1000,
		median: 40 * time.Minute, spread: 0.4, stable: true})
	slices.SortStableFunc(l.submissions, func(a, b Submission) int {
		return int(min(1, max(-1, a.Submit-b.Submit)))
	})
	return &Workload{
		Name:        fmt.Sprintf("built-in device-lab week, seed %d", seed),
		Start:       labStart,
		Submissions: l.submissions,
	}
}

// newStream returns a source of random numbers that depends on nothing but these.
func newStream(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream))
}

// lab gathers the submissions of the week.
type lab struct {
	submissions []Submission
}

// labStream is a team whose requests arrive one by one.
type labStream struct {
	account scheduler.AccountID
	// perDay is how many arrive on a working day.
	perDay float64
	// median and spread (the sigma of a log-normal distribution) are of the run times.
	median time.Duration
	spread float64
	// byDay follows the hours of people; otherwise arrivals are even.
	byDay bool
	// stable asks for the stable build, otherwise the newest one.
	stable bool
	// model and pool, if not empty, are what is asked for; otherwise any model in the main pool.
	model, pool string
}

// add adds a request.
func (l *lab) add(account scheduler.AccountID, at, run time.Duration, build string,
	base ...string) {
	l.submissions = append(l.submissions, Submission{
		ID:                  fmt.Sprintf("%s-%d", account, len(l.submissions)+1),
		Account:             account,
		BaseLabels:          base,
		ProvisionableLabels: []string{build},
		Submit:              at,
		Run:                 run,
		Size:                1,
		RealWait:            Unknown,
	})
}

// commitQueue adds 12 tests, two on each of six models, for every change.
func (l *lab) commitQueue(r *rand.Rand) {
	const changesPerDay, testsPerChange = 210, 12
	arrivals(r, changesPerDay/24.0, 4, func(t time.Duration) float64 {
		return peopleHours(t) * branchRush(t)
	}, func(t time.Duration) {
		for i := range testsPerChange {
			model := labModels[i%(len(labModels)-1)].name // rowan is too new for it
			l.add("cq", t, runTime(r, 8*time.Minute, 0.4), newestBuild(t),
				"model:"+model, "pool:main")
		}
	})
}

// nightly adds the tests of the newest build, at two each night.
func (l *lab) nightly(r *rand.Rand) {
	const testsPerNight = 1300
	for day := range labDays {
		at := time.Duration(day)*24*time.Hour + 2*time.Hour
		for i := range testsPerNight {
			model := labModels[i%(len(labModels)-1)].name
			l.add("nightly", at, runTime(r, 25*time.Minute, 0.4), newestBuild(at),
				"model:"+model, "pool:main")
		}
	}
}

// steady adds a team's requests one by one.
func (l *lab) steady(r *rand.Rand, s *labStream) {
	rate, most := func(time.Duration) float64 { return 1 }, 1.0
	if s.byDay {
		rate, most = peopleHours, 2.6
	}
	arrivals(r, s.perDay/24, most, rate, func(t time.Duration) {
		base := []string{"pool:main"}
		switch {
		case s.pool != "":
			base = []string{s.pool}
		case s.model != "":
			base = append(base, "model:"+s.model)
		}
		build := newestBuild(t)
		if s.stable {
			build = "os:stable"
		}
		l.add(s.account, t, runTime(r, s.median, s.spread), build, base...)
	})
}

// arrivals calls f at random times over the week, perHour × rate(t) times an hour. The rate is at
// most most.
func arrivals(r *rand.Rand, perHour, most float64, rate func(time.Duration) float64,
	f func(time.Duration)) {
	const week = labDays * 24 * time.Hour
	for t := time.Duration(0); ; {
		gap := r.ExpFloat64() / (perHour * most) * float64(time.Hour)
		t += time.Duration(gap).Round(time.Millisecond)
		if t >= week {
			return
		}
		if r.Float64()*most < rate(t) {
			f(t)
		}
	}
}

// runTime returns a random run time: log-normal, in whole seconds, from one minute to four hours.
func runTime(r *rand.Rand, median time.Duration, spread float64) time.Duration {
	run := float64(median) * math.Exp(spread*r.NormFloat64())
	return min(max(time.Duration(run).Round(time.Second), time.Minute), 4*time.Hour)
}

// peopleHours is how much people do at a moment of the week; a working day has 1 on average.
func peopleHours(t time.Duration) float64 {
	hour := math.Mod(t.Hours(), 24)
	level := 0.15
	if hour > 7 && hour < 21 {
		level += 2.29 * math.Sin((hour-7)/14*math.Pi)
	}
	if day := int(t.Hours()/24) % 7; day >= 5 {
		level *= 0.3
	}
	return level
}

// branchRush is 1.6 in the afternoons before the branch, and 1 at other times.
func branchRush(t time.Duration) float64 {
	day, hour := int(t.Hours()/24)%7, math.Mod(t.Hours(), 24)
	if (day == 2 || day == 3) && hour >= 14 && hour < 18 {
		return 1.6
	}
	return 1
}

// newestBuild is the label of the newest build: there is one each morning at five.
func newestBuild(t time.Duration) string {
	day := int((t - 5*time.Hour + 24*time.Hour) / (24 * time.Hour))
	return fmt.Sprintf("os:build-%d", 100+day)
}
