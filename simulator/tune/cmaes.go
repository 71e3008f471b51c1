package tune

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// strategy is a covariance matrix adaptation evolution strategy (CMA-ES) in the unit cube. Ask
// returns a generation of places, and Tell takes them back, the best first.
type strategy struct {
	random  *rand.Rand
	n       int
	size    int       // of a generation
	weights []float64 // of the better half, summing up to 1
	mass    float64   // variance-effective selection mass of the weights

	mean        []float64
	sigma       float64 // overall step, 0 < sigma
	covariance  *mat.SymDense
	axes        *mat.Dense // eigenvectors of covariance
	lengths     []float64  // square roots of its eigenvalues
	pathSigma   []float64
	pathC       []float64
	generations int
}

// sigmaMax bounds the step: with more, all places are at the edges.
const sigmaMax = 0.5

// newStrategy begins at a place, with a step.
func newStrategy(random *rand.Rand, mean []float64, sigma float64) *strategy {
	n := len(mean)
	s := &strategy{random: random, n: n, size: 4 + int(3*math.Log(float64(n))),
		mean: slices.Clone(mean), sigma: sigma, covariance: mat.NewSymDense(n, nil),
		pathSigma: make([]float64, n), pathC: make([]float64, n)}
	sum, squares := 0.0, 0.0
	for i := range s.size / 2 {
		w := math.Log(float64(s.size+1)/2) - math.Log(float64(i+1))
		s.weights = append(s.weights, w)
		sum += w
	}
	for i := range s.weights {
		s.weights[i] /= sum
		squares += s.weights[i] * s.weights[i]
	}
	s.mass = 1 / squares
	for i := range n {
		s.covariance.SetSym(i, i, 1)
	}
	s.decompose()
	return s
}

// ask returns the places of a generation; those outside of the cube are reflected into it.
func (s *strategy) ask() [][]float64 {
	places := make([][]float64, s.size)
	for k := range places {
		z := make([]float64, s.n)
		for i := range z {
			z[i] = s.lengths[i] * s.random.NormFloat64()
		}
		y := s.times(z)
		place := make([]float64, s.n)
		for i := range place {
			place[i] = reflected(s.mean[i] + s.sigma*y[i])
		}
		places[k] = place
	}
	return places
}

// reflected brings a number into [0, 1], as a mirror at each end would.
func reflected(x float64) float64 {
	x = math.Mod(math.Abs(x), 2)
	if x > 1 {
		x = 2 - x
	}
	return x
}

// times returns axes × v.
func (s *strategy) times(v []float64) []float64 {
	var out mat.VecDense
	out.MulVec(s.axes, mat.NewVecDense(s.n, v))
	return out.RawVector().Data
}

// tell moves to the better half of a generation, which comes in order, the best first.
func (s *strategy) tell(places [][]float64) {
	n, mass := float64(s.n), s.mass
	cSigma := (mass + 2) / (n + mass + 5)
	damp := 1 + 2*max(0, math.Sqrt((mass-1)/(n+1))-1) + cSigma
	cC := (4 + mass/n) / (n + 4 + 2*mass/n)
	c1 := 2 / ((n+1.3)*(n+1.3) + mass)
	cMu := min(1-c1, 2*(mass-2+1/mass)/((n+2)*(n+2)+mass))
	expected := math.Sqrt(n) * (1 - 1/(4*n) + 1/(21*n*n)) // length of a normal vector

	steps := make([][]float64, len(s.weights))
	move := make([]float64, s.n)
	for k, w := range s.weights {
		steps[k] = make([]float64, s.n)
		for i := range move {
			steps[k][i] = (places[k][i] - s.mean[i]) / s.sigma
			move[i] += w * steps[k][i]
		}
	}
	for i := range move {
		s.mean[i] += s.sigma * move[i]
	}
	white := s.whitened(move)
	norm := 0.0
	for i := range white {
		s.pathSigma[i] = (1-cSigma)*s.pathSigma[i] + math.Sqrt(cSigma*(2-cSigma)*mass)*white[i]
		norm += s.pathSigma[i] * s.pathSigma[i]
	}
	norm = math.Sqrt(norm)
	s.generations++
	decay := math.Sqrt(1 - math.Pow(1-cSigma, 2*float64(s.generations)))
	h := 0.0
	if norm/decay < (1.4+2/(n+1))*expected {
		h = 1
	}
	for i := range move {
		s.pathC[i] = (1-cC)*s.pathC[i] + h*math.Sqrt(cC*(2-cC)*mass)*move[i]
	}
	s.adapt(steps, c1, cMu, (1-h)*cC*(2-cC))
	s.sigma = min(s.sigma*math.Exp(cSigma/damp*(norm/expected-1)), sigmaMax)
}

// adapt updates the covariance with the steps of the better half and the path.
func (s *strategy) adapt(steps [][]float64, c1, cMu, stall float64) {
	for i := range s.n {
		for j := range i + 1 {
			old := s.covariance.At(i, j)
			sum := 0.0
			for k, w := range s.weights {
				sum += w * steps[k][i] * steps[k][j]
			}
			s.covariance.SetSym(i, j, (1-c1-cMu)*old+c1*(s.pathC[i]*s.pathC[j]+stall*old)+cMu*sum)
		}
	}
	s.decompose()
}

// whitened returns covariance^(-1/2) × v.
func (s *strategy) whitened(v []float64) []float64 {
	var along mat.VecDense
	along.MulVec(s.axes.T(), mat.NewVecDense(s.n, v))
	for i := range s.n {
		along.SetVec(i, along.AtVec(i)/s.lengths[i])
	}
	return s.times(along.RawVector().Data)
}

// lengthMin keeps the covariance from collapsing along an axis.
const lengthMin = 1e-6

// decompose finds the axes of the covariance. One that is no matrix of numbers any more begins
// anew as the identity.
func (s *strategy) decompose() {
	var eigen mat.EigenSym
	if !eigen.Factorize(s.covariance, true) {
		s.covariance.Zero()
		for i := range s.n {
			s.covariance.SetSym(i, i, 1)
		}
		eigen.Factorize(s.covariance, true)
	}
	s.axes = &mat.Dense{}
	eigen.VectorsTo(s.axes)
	s.lengths = eigen.Values(nil)
	for i, x := range s.lengths {
		s.lengths[i] = math.Sqrt(max(x, lengthMin*lengthMin))
	}
}
