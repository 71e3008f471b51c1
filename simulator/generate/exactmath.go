package generate

import "math"

// The functions of package math may differ in their last bits from machine to machine: some have
// an implementation in assembly, and compilers may fuse a product and a sum into one operation.
// The ones here give the same bits everywhere: they use nothing but sums, products, quotients and
// square roots, which are rounded as IEEE 754 says, and each product is rounded before it is added
// to anything.

// mulAdd returns a × b + c, rounded twice: a conversion forbids that the operation before it is
// fused with the one after it.
func mulAdd(a, b, c float64) float64 { return float64(a*b) + float64(c) }

// polynomial returns c[0] + c[1] x + c[2] x² and so on.
func polynomial(x float64, c ...float64) float64 {
	sum := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		sum = mulAdd(sum, x, c[i])
	}
	return sum
}

// The logarithm of 2, in two parts: the product of the first with a small integer is exact.
const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

// exp returns e to the x, with a relative error below 1e-15. Beyond ±700 it is that of ±700.
func exp(x float64) float64 {
	x = min(700, max(-700, x))
	k := math.Floor(mulAdd(x, 1/math.Ln2, 0.5))
	r := mulAdd(-k, ln2Low, mulAdd(-k, ln2High, x))
	sum := 1.0
	for n := 16.0; n >= 1; n-- { // r is at most 0.35
		sum = mulAdd(sum, r/n, 1)
	}
	return math.Ldexp(sum, int(k))
}

// ln returns the natural logarithm of an x more than 0, with an error below 1e-15, or as much of
// its size.
func ln(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	if fraction < math.Sqrt2/2 {
		fraction *= 2
		exponent--
	}
	s := (fraction - 1) / (fraction + 1)
	square := float64(s * s)
	sum := 0.0
	for n := 23.0; n >= 1; n -= 2 { // s is at most 0.172
		sum = mulAdd(sum, square, 1/n)
	}
	k := float64(exponent)
	return mulAdd(k, ln2High, mulAdd(k, ln2Low, float64(2*s)*sum))
}

// normalQuantile returns the z for which a standard normal variable is below z with probability p,
// between 0 and 1, with a relative error below 2e-9: Peter Acklam's rational approximation.
func normalQuantile(p float64) float64 {
	const tail = 0.02425
	if p > 0.5 {
		return -normalQuantile(1 - p)
	}
	if p < tail {
		q := math.Sqrt(float64(-2 * ln(p)))
		return polynomial(q, 2.938163982698783, 4.374664141464968, -2.549732539343734,
			-2.400758277161838, -3.223964580411365e-01, -7.784894002430293e-03) /
			polynomial(q, 1, 3.754408661907416, 2.445134137142996, 3.224671290700398e-01,
				7.784695709041462e-03)
	}
	q := p - 0.5
	r := float64(q * q)
	return float64(q*polynomial(r, 2.506628277459239, -3.066479806614716e+01,
		1.383577518672690e+02, -2.759285104469687e+02, 2.209460984245205e+02,
		-3.969683028665376e+01)) /
		polynomial(r, 1, -1.328068155288572e+01, 6.680131188771972e+01, -1.556989798598866e+02,
			1.615858368580409e+02, -5.447609879822406e+01)
}
