package generate

import (
	"math"
	"strconv"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// source makes the submissions of a stream.
type source struct {
	stream   *Stream
	length   time.Duration
	calendar calendar
	factor   float64
	seed     uint64

	accounts, importances, sizes choice
	base, provisionable          *labeler

	// The sequences are apart, so that a change of one kind of choice leaves the others alone.
	accountPlaces, importancePlaces, sizePlaces sequence
	groups, runs                                sequence

	// arrived counts the arrivals that were made.
	arrived int
	made    []simulator.Submission
	// room is how many more requests there may be.
	room int
}

// newSource returns the source of a stream of a valid spec.
func newSource(s *Spec, stream *Stream, seed uint64, room int) *source {
	of := func(kind string) sequence { return newSequence(seed, stream.Name, kind) }
	c := newCalendar(s.start())
	counters := newCounters(s, c)
	src := &source{
		stream:   stream,
		length:   s.Length,
		calendar: c,
		factor:   s.loadFactor(),
		seed:     seed,
		room:     room,
		base: newLabeler(stream.BaseLabels, stream.BaseMixes, counters, seed, stream.Name,
			"base labels"),
		provisionable: newLabeler(stream.ProvisionableLabels, stream.ProvisionableMixes,
			counters, seed, stream.Name, "provisionable labels"),
		accountPlaces:    of("accounts"),
		importancePlaces: of("importances"),
		sizePlaces:       of("sizes"),
		groups:           of("groups"),
		runs:             of("runs"),
	}
	src.accounts = choiceOr(stream.Accounts, string(stream.Account))
	src.importances = choiceOr(stream.Importances, stream.Importance)
	src.sizes = choiceOr(sizesMix(stream.Sizes), strconv.Itoa(max(stream.Size, 1)))
	return src
}

// choiceOr returns the choice of a mix, or one of a single key if there is no mix.
func choiceOr(m Mix, key string) choice {
	if m == nil {
		m = Mix{key: 1}
	}
	return newChoice(m)
}

// submissions returns the stream's submissions: the random ones in order of their times, then
// those of each batch. Once they are more requests than there is room for, it ends with a room
// below 0.
func (s *source) submissions() []simulator.Submission {
	rate := newRate(&s.stream.Arrivals, s.factor, s.calendar, s.length)
	rate.addBursts(s.seed, s.stream.Name)
	rate.each(newSequence(s.seed, s.stream.Name, "arrivals"), func(t time.Duration) bool {
		s.add(t, 1, 0, sequence{})
		return s.room >= 0
	})
	for i := range s.stream.Batches {
		b := &s.stream.Batches[i]
		over := newSequence(s.seed, s.stream.Name, "batches", strconv.Itoa(i))
		for _, t := range b.times(s.calendar, s.length) {
			if s.room >= 0 {
				s.add(t.Truncate(time.Millisecond), b.count(s.factor), b.Over, over)
			}
		}
	}
	return s.made
}

// add makes the submissions of n arrivals that come together, from a time on and spread over a
// while.
func (s *source) add(t time.Duration, n int, over time.Duration, spread sequence) {
	groups := make([]int, n)
	total := 0
	for i := range groups {
		low, high := s.stream.Group.bounds()
		groups[i] = low + s.groups.below(high-low+1)
		if total += groups[i]; total > s.room {
			s.room = -1
			return
		}
	}
	even := s.stream.Deal == DealEven
	base := s.base.deal(total, even)
	provisionable := s.provisionable.deal(total, even)
	next := 0
	for _, size := range groups {
		at := t
		if over > 0 {
			at += time.Duration(spread.uniform() * float64(over)).Truncate(time.Millisecond)
		}
		s.arrived++
		account := s.accounts.pick(s.accountPlaces)
		importance := s.importances.pick(s.importancePlaces)
		for member := range size {
			made := simulator.Submission{
				ID:                  s.id(member),
				Account:             scheduler.AccountID(account),
				BaseLabels:          s.base.labels(at, base, next),
				ProvisionableLabels: s.provisionable.labels(at, provisionable, next),
				Submit:              at,
				Run:                 s.stream.Run.at(s.runs.uniform()),
				RealWait:            simulator.Unknown,
				Importance:          importance,
			}
			made.Size, _ = strconv.Atoi(s.sizes.pick(s.sizePlaces))
			s.room -= made.Size
			next++
			if at < s.length {
				s.made = append(s.made, made)
			}
		}
	}
}

// id returns the id of a member of the newest arrival's group. A dot in it is followed by the
// number in the group, and then no submission is called like what stands before the dot, so no
// request of one submission is called like another submission.
func (s *source) id(member int) string {
	id := s.stream.Name + "-" + strconv.Itoa(s.arrived)
	if _, high := s.stream.Group.bounds(); high > 1 {
		id += "." + strconv.Itoa(member+1)
	}
	return id
}

// pick returns a key at random.
func (c choice) pick(s sequence) string { return c.keys[c.at(s.uniform())] }

// count returns the number of arrivals under a load factor.
func (b *Batch) count(factor float64) int {
	return int(min(requestsMax+1, math.Floor(mulAdd(float64(b.Count), factor, 0.5))))
}

// times returns when the batch comes.
func (b *Batch) times(c calendar, length time.Duration) []time.Duration {
	return c.moments([]TimeOfDay{b.At}, b.Days, length, true)
}
