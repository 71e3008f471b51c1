// Package words writes numbers, amounts and times as people read them: with commas, with their
// unit, and to two units at most. Texts of all packages use it, so that one number reads the same
// everywhere. Everything is exact unless its function says that it rounds.
package words
