package script

import (
	"errors"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quotasched/quotasched/protos"
)

// tryRestore prints why an edited snapshot is refused. Nothing changes.
func (p *pool) tryRestore(c *command) error {
	m := p.toProto()
	if c.text == "nil" {
		m = &protos.Pool{}
	} else {
		for edit := range strings.SplitSeq(c.text, ";") {
			if err := applyEdit(m, strings.TrimSpace(edit)); err != nil {
				return err
			}
		}
	}
	other := newPool(p.layer)
	if err := other.restoreFrom(m); err != nil {
		p.printf("refused: %s", errorText(err))
		return nil
	}
	p.printf("accepted")
	return nil
}

// applyEdit changes one field: "PATH = TEXT", "PATH += TEXT" or "PATH =".
func applyEdit(m proto.Message, edit string) error {
	path, text, ok := strings.Cut(edit, "=")
	if !ok {
		return scriptError("an edit is PATH = TEXT, not %q", edit)
	}
	path, appends := strings.CutSuffix(path, "+")
	steps := strings.Split(strings.TrimSpace(path), ".")
	parent := m.ProtoReflect()
	for _, step := range steps[:len(steps)-1] {
		var err error
		if parent, err = stepInto(parent, step); err != nil {
			return err
		}
	}
	name, index, err := splitIndex(steps[len(steps)-1])
	if err != nil {
		return err
	}
	field := parent.Descriptor().Fields().ByName(protoreflect.Name(name))
	if field == nil {
		return scriptError("%s has no field %s", parent.Descriptor().Name(), name)
	}
	patch := parent.New()
	if text = strings.TrimSpace(text); text != "" {
		err := prototext.Unmarshal([]byte(name+": "+text), patch.Interface())
		if err != nil {
			return scriptError("%s: %v", edit, errors.Unwrap(err))
		}
	}
	switch {
	case index >= 0:
		return setElement(parent.Mutable(field).List(), index, patch.Get(field).List())
	case !appends:
		parent.Clear(field)
	}
	proto.Merge(parent.Interface(), patch.Interface())
	return nil
}

// setElement replaces an element by those of another list: by one, or by none.
func setElement(list protoreflect.List, index int, by protoreflect.List) error {
	if index >= list.Len() {
		return scriptError("there is no element %d", index)
	}
	if by.Len() == 1 {
		list.Set(index, by.Get(0))
		return nil
	}
	for i := index; i+1 < list.Len(); i++ {
		list.Set(i, list.Get(i+1))
	}
	list.Truncate(list.Len() - 1)
	return nil
}

// stepInto goes from a message into one of its fields.
func stepInto(m protoreflect.Message, step string) (protoreflect.Message, error) {
	name, index, err := splitIndex(step)
	if err != nil {
		return nil, err
	}
	field := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	if field == nil || field.Kind() != protoreflect.MessageKind {
		return nil, scriptError("%s has no message %s", m.Descriptor().Name(), name)
	}
	if index < 0 {
		return m.Mutable(field).Message(), nil
	}
	list := m.Mutable(field).List()
	if index >= list.Len() {
		return nil, scriptError("%s has no element %d", name, index)
	}
	return list.Get(index).Message(), nil
}

// splitIndex splits "workers[1]"; the index is -1 if there is none.
func splitIndex(step string) (string, int, error) {
	name, rest, ok := strings.Cut(step, "[")
	if !ok {
		return name, -1, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	if err != nil || n < 0 {
		return "", 0, scriptError("%s has no index", step)
	}
	return name, n, nil
}
