package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// line prints a value as JSON on a line of its own.
func (a *app) line(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", text)
	return err
}

// message prints a message as JSON on a line of its own, with all fields that are not messages.
func (a *app) message(m proto.Message) error {
	fields, err := fieldsOf(m)
	if err != nil {
		return err
	}
	return a.line(fields)
}

// fieldsOf returns the fields of a message as its JSON has them.
func fieldsOf(m proto.Message) (map[string]any, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	return fields, json.Unmarshal(text, &fields)
}

// done prints that something was done: for people on standard error, or an empty object.
func (a *app) done(format string, args ...any) error {
	if a.json {
		return a.line(struct{}{})
	}
	_, err := fmt.Fprintf(a.err, format+"\n", args...)
	return err
}

// columns describe a table: their headings, of which those with a ">" before them are aligned to
// the right.
type columns []string

// newTable returns an empty table.
func newTable(heads columns) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Options.SeparateHeader = true
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	var row table.Row
	var configs []table.ColumnConfig
	for i, h := range heads {
		name, right := strings.CutPrefix(h, ">")
		row = append(row, name)
		if right {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight,
				AlignHeader: text.AlignRight})
		}
	}
	t.AppendHeader(row)
	t.SetColumnConfigs(configs)
	return t
}

// show prints a table, or says that there is nothing to show.
func (a *app) show(t table.Writer, nothing string) error {
	if t.Length() == 0 {
		_, err := fmt.Fprintln(a.err, nothing)
		return err
	}
	_, err := fmt.Fprintln(a.out, t.Render())
	return err
}

// explained is an error with what to do about it.
func explained(err error) string {
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return err.Error()
	}
	message := e.Message()
	switch e.Code() {
	case connect.CodeUnauthenticated:
		return message + "; say who you are with --token-file, QSCHED_TOKEN, or --client-cert and " +
			"--client-key"
	case connect.CodeUnavailable:
		if errors.As(err, new(*tls.CertificateVerificationError)) {
			return message + "; name the server's authority with --ca"
		}
		return message + "; is the server running, and is --server right?"
	case connect.CodeUnimplemented:
		return message + "; is that a qsched server of this version?"
	}
	return message
}
