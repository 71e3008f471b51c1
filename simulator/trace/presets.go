package trace

import (
	"cmp"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/internal/field"
)

// Preset is a ready table and mapping for a known log.
type Preset struct {
	// Name is what Source.Preset says.
	Name string `json:"name"`
	// Description says which log it is for, and what becomes of it.
	Description string `json:"description"`
	// Source has the preset's format, table and mapping.
	Source Source `json:"source"`
}

// Presets returns all presets, in order of name. They may be changed freely.
func Presets() []Preset {
	return []Preset{
		{
			Name: "google-2011-tasks",
			Description: "task table joined from the task events of Google's cluster data of 2011: " +
				"accounts are users, importance is the priority",
			Source: Source{
				Format: FormatCSV,
				Table: Table{Submit: "submit_ms", Start: "sched_ms", End: "end_ms", Unit: "ms",
					Task: []string{"job", "idx"}, Outcome: "end_event", Evicted: "E",
					StartOfLog: 600_000, EndOfLog: 70_756_165},
				Mapping: Mapping{Account: "{user}", Importance: "{priority}"},
			},
		},
		{
			Name: "kth-sp2",
			Description: "KTH-SP2-1996 of the Parallel Workloads Archive: accounts are groups, a " +
				"worker is a processor",
			Source: swfPreset(Mapping{Account: "group-{group}"}),
		},
		{
			Name: "lpc-egee",
			Description: "LPC-EGEE-2004 of the Parallel Workloads Archive: accounts are groups, " +
				"labels are partitions",
			Source: swfPreset(Mapping{Account: "group-{group}",
				BaseLabels: []string{"partition:{partition}"}}),
		},
		{
			Name: "metacentrum-2009",
			Description: "METACENTRUM-2009 of the Parallel Workloads Archive: accounts are users, " +
				"labels are clusters, importance is the priority of the queue",
			Source: swfPreset(Mapping{Account: "user-{user}",
				BaseLabels: []string{"partition:{partition}"}, Importance: "{queue|queues}",
				Tables: map[string]map[string]string{"queues": maps.Clone(metacentrumQueues)}}),
		},
		{
			Name: "openb-pods",
			Description: "pods of Alibaba's GPU cluster data of 2023 (openb): a worker is a GPU, " +
				"labels are the models that will do, importance is the quality of service",
			Source: Source{
				Format: FormatCSV,
				Table: Table{ID: "name", Submit: "creation_time", Start: "scheduled_time",
					End: "deletion_time", Size: "num_gpu"},
				Mapping: Mapping{BaseLabels: []string{"gpu:{gpu_spec}"}, Importance: "{qos}"},
			},
		},
		{
			Name: "sdsc-ds",
			Description: "SDSC-DS-2004 of the Parallel Workloads Archive: accounts are groups, a " +
				"worker is a node, labels are partitions, importance is the queue",
			Source: swfPreset(Mapping{Account: "group-{group}",
				BaseLabels: []string{"partition:{partition}"}, Importance: "{queue|queues}",
				PerWorker: "{partition|processors}",
				Tables: map[string]map[string]string{"queues": maps.Clone(dataStarQueues),
					"processors": {"1": "8", "2": "8", "3": "32", "*": "8"}}}),
		},
		{
			Name: "sdsc-sp2",
			Description: "SDSC-SP2-1998 of the Parallel Workloads Archive: accounts are groups, a " +
				"worker is a processor, importance is the queue",
			Source: swfPreset(Mapping{Account: "group-{group}", Importance: "{queue|queues}",
				Tables: map[string]map[string]string{"queues": {"0": "interactive",
					"1": "express", "2": "high", "3": "normal", "4": "low", "5": "standby",
					"*": "other"}}}),
		},
	}
}

func swfPreset(m Mapping) Source { return Source{Format: FormatSWF, Mapping: m} }

// dataStarQueues are the queues of SDSC-DS, which differ by kind of node.
var dataStarQueues = map[string]string{"0": "interactive",
	"1": "express", "4": "express", "7": "express", "10": "express",
	"2": "high", "5": "high", "8": "high", "11": "high",
	"3": "normal", "6": "normal", "9": "normal", "12": "normal", "*": "other"}

// metacentrumQueues are the priorities of the queues of METACENTRUM; higher is more important.
var metacentrumQueues = map[string]string{"1": "62", "2": "70", "3": "50", "4": "60", "5": "80",
	"6": "65", "7": "70", "8": "70", "9": "70", "10": "99", "11": "65", "*": "other"}

// withPreset returns the source with what its preset has in place of what it lacks itself.
func (s *Source) withPreset() (Source, error) {
	full := *s
	if s.Preset == "" {
		return full, nil
	}
	presets := Presets()
	names := make([]string, 0, len(presets))
	for i := range presets {
		names = append(names, presets[i].Name)
	}
	at := slices.Index(names, s.Preset)
	if at < 0 {
		return full, field.Errorf("preset", "there is no preset %q%s", s.Preset, choices(names))
	}
	preset := presets[at].Source
	full.Format = cmp.Or(s.Format, preset.Format)
	full.Table = s.Table.or(&preset.Table)
	full.Mapping = s.Mapping.or(&preset.Mapping)
	return full, nil
}

// or returns the table, with what another one says where it says nothing.
func (t *Table) or(o *Table) Table {
	return Table{
		ID:         cmp.Or(t.ID, o.ID),
		Submit:     cmp.Or(t.Submit, o.Submit),
		Start:      cmp.Or(t.Start, o.Start),
		End:        cmp.Or(t.End, o.End),
		Run:        cmp.Or(t.Run, o.Run),
		Wait:       cmp.Or(t.Wait, o.Wait),
		Unit:       cmp.Or(t.Unit, o.Unit),
		Zone:       cmp.Or(t.Zone, o.Zone),
		Delimiter:  cmp.Or(t.Delimiter, o.Delimiter),
		Size:       cmp.Or(t.Size, o.Size),
		Task:       orList(t.Task, o.Task),
		Outcome:    cmp.Or(t.Outcome, o.Outcome),
		Evicted:    cmp.Or(t.Evicted, o.Evicted),
		EndOfLog:   cmp.Or(t.EndOfLog, o.EndOfLog),
		StartOfLog: cmp.Or(t.StartOfLog, o.StartOfLog),
	}
}

// or returns the mapping, with what another one says where it says nothing.
func (m *Mapping) or(o *Mapping) Mapping {
	tables := maps.Clone(o.Tables)
	if tables == nil {
		tables = map[string]map[string]string{}
	}
	maps.Copy(tables, m.Tables)
	return Mapping{
		Account:             cmp.Or(m.Account, o.Account),
		BaseLabels:          orList(m.BaseLabels, o.BaseLabels),
		ProvisionableLabels: orList(m.ProvisionableLabels, o.ProvisionableLabels),
		Importance:          cmp.Or(m.Importance, o.Importance),
		Tables:              tables,
		Size:                cmp.Or(m.Size, o.Size),
		PerWorker:           cmp.Or(m.PerWorker, o.PerWorker),
		From:                cmp.Or(m.From, o.From),
		To:                  cmp.Or(m.To, o.To),
		LoadFactor:          cmp.Or(m.LoadFactor, o.LoadFactor),
	}
}

func orList(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}
