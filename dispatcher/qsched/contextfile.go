package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/nearest"
	"github.com/quotasched/quotasched/internal/yamltree"
)

// contexts is the file ~/.config/qsched.yaml:
//
//	current: lab
//	contexts:
//	  lab:
//	    servers: [https://a.example:7878, https://b.example:7878]
//	    ca: lab-ca.pem
//	    token_file: lab.token
//
// Names of files are relative to it.
type contexts struct {
	// Current is the context that is used if none is named.
	Current  string
	Contexts map[string]settings `yaml:"contexts,required"`
}

// readContext returns a context of a file; without a name the current one, or nothing if there is
// no such file.
func readContext(path, name string) (settings, error) {
	data, err := os.ReadFile(path)
	switch {
	case (path == "" || isMissing(err)) && name == "":
		return settings{}, nil
	case err != nil:
		return settings{}, fmt.Errorf("the context %q: %w", name, err)
	}
	root, err := yamltree.Parse(path, data)
	if err != nil {
		return settings{}, err
	}
	c := contexts{}
	mistakes := yamltree.Locate(root, yamltree.Decode(root, &c))
	if len(mistakes) == 0 {
		mistakes = yamltree.Locate(root, c.validate())
	}
	if err := mistakes.Err(); err != nil {
		return settings{}, err
	}
	if name == "" {
		if name = c.Current; name == "" {
			return settings{}, nil
		}
	}
	s, ok := c.Contexts[name]
	if !ok {
		return settings{}, fmt.Errorf("%s has no context %q; there are: %s", path, name,
			strings.Join(slices.Sorted(maps.Keys(c.Contexts)), ", "))
	}
	for _, file := range []*string{&s.TokenFile, &s.CA, &s.Cert, &s.Key} {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(filepath.Dir(path), *file)
		}
	}
	return s, nil
}

func (c *contexts) validate() error {
	var wrong []error
	names := slices.Sorted(maps.Keys(c.Contexts))
	if c.Current != "" && !slices.Contains(names, c.Current) {
		text := fmt.Sprintf("there is no context %q", c.Current)
		if like := nearest.Word(c.Current, names); like != "" {
			text += fmt.Sprintf("; was %q meant?", like)
		}
		wrong = append(wrong, field.Errorf("current", "%s", text))
	}
	for _, name := range names {
		s := c.Contexts[name]
		if len(s.Servers) == 0 {
			wrong = append(wrong, field.In("contexts", field.Errorf(name, "names no server under servers")))
		}
		if s.Token != "" && s.TokenFile != "" {
			wrong = append(wrong, field.In("contexts", field.Errorf(name,
				"has both token and token_file")))
		}
	}
	return errors.Join(wrong...)
}
