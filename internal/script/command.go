package script

import (
	"strconv"
	"strings"
)

// command is one line of a script: a name, words, and arguments NAME=VALUE.
type command struct {
	name string
	text string // all that follows the name
	// Words and arguments are taken by the accessors below, so that what is left over can be
	// reported.
	words []string
	args  map[string]string
}

// An action runs a command on a pool.
type action func(p *pool, c *command) error

// parseCommand splits a line. Lines whose text is no list of words (restore, apply) keep it whole.
func parseCommand(line string) (*command, error) {
	name, text, _ := strings.Cut(line, " ")
	c := &command{name: name, text: strings.TrimSpace(text), args: map[string]string{}}
	if name == "restore" || name == "apply" {
		return c, nil
	}
	for rest := c.text; rest != ""; rest = strings.TrimLeft(rest, " ") {
		var word string
		var err error
		word, rest, err = cutWord(rest)
		if err != nil {
			return nil, err
		}
		key, value, isArg := strings.Cut(word, "=")
		if !isArg || strings.HasPrefix(word, `"`) {
			w, err := unquote(word)
			if err != nil {
				return nil, err
			}
			c.words = append(c.words, w)
			continue
		}
		if _, twice := c.args[key]; twice {
			return nil, scriptError("%s= stands twice", key)
		}
		c.args[key] = value
	}
	return c, nil
}

// cutWord returns the first word, quotes and all, and what follows it.
func cutWord(s string) (word, rest string, err error) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ' ' && !quoted:
			return s[:i], s[i:], nil
		}
	}
	if quoted {
		return "", "", scriptError("a quote is not closed: %s", s)
	}
	return s, "", nil
}

// unquote returns what a word says: itself, or what the Go string says.
func unquote(word string) (string, error) {
	if !strings.HasPrefix(word, `"`) {
		return word, nil
	}
	s, err := strconv.Unquote(word)
	if err != nil {
		return "", scriptError("%s is no Go string", word)
	}
	return s, nil
}

// word takes the next word.
func (c *command) word(what string) (string, error) {
	if len(c.words) == 0 {
		return "", scriptError("%s is missing", what)
	}
	w := c.words[0]
	c.words = c.words[1:]
	return w, nil
}

// twoWords takes the next two.
func (c *command) twoWords(first, second string) (a, b string, err error) {
	if a, err = c.word(first); err != nil {
		return "", "", err
	}
	b, err = c.word(second)
	return a, b, err
}

// arg takes an argument, as it stands.
func (c *command) arg(key string) (string, bool) {
	v, ok := c.args[key]
	delete(c.args, key)
	return v, ok
}

// checkUsed returns an error if words or arguments are left over.
func (c *command) checkUsed() error {
	if len(c.words) > 0 {
		return scriptError("too many words: %q", c.words)
	}
	for key := range c.args { // the order is free: any one will do
		return scriptError("no argument %s= here", key)
	}
	return nil
}
