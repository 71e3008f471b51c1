package generate

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"
)

// The functions are as near to those of package math as their comments say.
func TestExactMathIsRight(t *testing.T) {
	s := newSequence(1, "exact math")
	for range 20_000 {
		x := (s.uniform() - 0.5) * 80
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 2e-15*want {
			t.Fatalf("exp(%v): got %v, want %v", x, got, want)
		}
		y := exp(x)
		if got, want := ln(y), math.Log(y); math.Abs(got-want) > 2e-15*max(1, math.Abs(want)) {
			t.Fatalf("ln(%v): got %v, want %v", y, got, want)
		}
		p := s.uniform()
		if math.Abs(x) > 10 { // tails, too
			p = exp(-math.Abs(x) / 2)
		}
		z := normalQuantile(p)
		if got := math.Erfc(-z/math.Sqrt2) / 2; math.Abs(got-p) > 2e-7*p {
			t.Fatalf("normalQuantile(%v) = %v, for which p is %v", p, z, got)
		}
		if mirrored := normalQuantile(1 - p); p > 1e-3 && math.Abs(mirrored+z) > 1e-9 {
			t.Fatalf("normalQuantile(%v) = %v, and of the mirror image %v", p, z, mirrored)
		}
	}
	if exp(0) != 1 || ln(1) != 0 || normalQuantile(0.5) != 0 {
		t.Errorf("exp(0) = %v, ln(1) = %v, normalQuantile(0.5) = %v", exp(0), ln(1),
			normalQuantile(0.5))
	}
	for _, x := range []float64{-1e9, -700, 700, 1e9} {
		if got := exp(x); !(got > 0 && got < math.Inf(1)) {
			t.Errorf("exp(%v) = %v", x, got)
		}
	}
}

// The functions give these bits on every machine.
func TestExactMathIsTheSameEverywhere(t *testing.T) {
	s := newSequence(2, "same everywhere")
	hash := sha256.New()
	for range 20_000 {
		x := (s.uniform() - 0.5) * 80
		for _, y := range []float64{exp(x), ln(exp(x) + 1), normalQuantile(s.uniform())} {
			hash.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(y)))
		}
	}
	const want = "2deba11ff64be76617f1224af80e5562"
	if got := hex.EncodeToString(hash.Sum(nil)[:16]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
