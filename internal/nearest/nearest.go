// Package nearest finds the known word that a mistyped one was probably meant to be.
package nearest

import "strings"

// maxRunes bounds the words that are compared letter by letter, which costs the product of their
// lengths; longer ones are compared but for case and separators only.
const maxRunes = 64

// Word returns the word of a list that is most like another one, the first of several, or "" if
// none is like it. Words that differ in case and separators alone are most alike; otherwise, a
// third of the letters may differ: "acount" is like "account", and "run" is not like "fork".
// Cost: O(n) in the list, and in the product of the lengths of the words.
func Word(word string, list []string) string {
	best, least := "", 0
	plain := plainOf(word)
	for _, other := range list {
		d, alike := distance(plain, plainOf(other))
		if alike && (best == "" || d < least) {
			best, least = other, d
		}
	}
	return best
}

// plainOf leaves out what people mistake most: case, and how words are separated.
func plainOf(word string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.", r) {
			return -1
		}
		return r
	}, strings.ToLower(word))
}

// distance counts the letters to insert, delete, replace or swap with their neighbour that make one
// word of the other, and says whether these are few for words of that length.
func distance(from, to string) (int, bool) {
	if from == to {
		return 0, true
	}
	a, b := []rune(from), []rune(to)
	allowed := min(max(len(a), len(b))/3, 3)
	if len(a) > maxRunes || len(b) > maxRunes || max(len(a)-len(b), len(b)-len(a)) > allowed {
		return 0, false
	}
	// Rows of the table of distances between beginnings of a and b; two are kept.
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)], last[len(b)] <= allowed
}
