package trace

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/simulator"
)

// kueueFormat reads Kueue's workloads, as `kubectl get workloads -A -o json` prints them. A
// workload was submitted when it was created, starts when it is admitted for the last time, and
// ends when it is finished. Its size is its number of pods or of GPUs.
var kueueFormat = jsonFormat{
	noun: "workload",
	names: []string{"id", "namespace", "name", "queue", "cluster_queue", "priority_class",
		"priority", "owner_kind", "flavor", "pods", "gpus"},
	prefixes:    []string{"label.", "selector."},
	sizes:       []string{"pods", "gpus"},
	preemptions: true,
	take:        takeWorkload,
}

// takeWorkload reads a workload.
func takeWorkload(o object, to *record, values map[string]string) error {
	meta, spec, status := o.object("metadata"), o.object("spec"), o.object("status")
	conditions, err := conditionsOf(status)
	if err != nil {
		return err
	}
	submit, err := meta.instant("creationTimestamp")
	if err != nil {
		return err
	}
	start := simulator.Unknown
	if at, ok := conditions["Admitted"]; ok {
		start = at
	} else if at, ok := conditions["QuotaReserved"]; ok {
		start = at
	}
	end := simulator.Unknown
	if at, ok := conditions["Finished"]; ok {
		end = at
	}
	if err := to.span(submit, start, end); err != nil {
		return err
	}
	to.evictions, err = preemptionsOf(status)
	if err != nil {
		return err
	}
	values["namespace"], values["name"] = meta.text("namespace"), meta.text("name")
	values["id"] = values["namespace"] + "/" + values["name"]
	to.id = values["id"]
	values["queue"] = spec.text("queueName")
	values["cluster_queue"] = status.object("admission").text("clusterQueue")
	values["priority"] = spec.text("priority")
	values["priority_class"] = cmp.Or(spec.text("priorityClassName"),
		spec.object("priorityClassRef").text("name"))
	for key, value := range meta.object("labels") { // in any order: it only fills a map
		values["label."+key] = textOf(value)
	}
	if owners := meta.objects("ownerReferences"); len(owners) > 0 {
		values["owner_kind"] = owners[0].text("kind")
	}
	return takePods(spec, status, values)
}

// conditionsOf returns since when the conditions of a workload hold, for those that do.
func conditionsOf(status object) (map[string]time.Duration, error) {
	since := map[string]time.Duration{}
	for _, c := range status.objects("conditions") {
		if c.text("status") != "True" {
			continue
		}
		at, err := c.instant("lastTransitionTime")
		if err != nil {
			return nil, fmt.Errorf("condition %s: %w", c.text("type"), err)
		}
		since[c.text("type")] = at
	}
	return since, nil
}

// preemptionsOf counts the evictions of a workload whose reason was preemption.
func preemptionsOf(status object) (int, error) {
	total := 0
	for _, e := range status.object("schedulingStats").objects("evictions") {
		if e.text("reason") != "Preempted" {
			continue
		}
		n, err := e.count("count")
		if err != nil {
			return 0, err
		}
		total = min(total+n, maxSize)
	}
	return total, nil
}

// takePods reads how many pods and GPUs a workload has, on which flavors, and what its pods select.
// What was admitted takes the place of what was asked for.
func takePods(spec, status object, values map[string]string) error {
	admitted := map[string]object{}
	flavors := map[string]bool{}
	for _, a := range status.object("admission").objects("podSetAssignments") {
		admitted[a.text("name")] = a
		for _, flavor := range a.object("flavors") { // in any order: it only fills a set
			flavors[textOf(flavor)] = true
		}
	}
	pods, gpus := 0, 0
	for _, set := range spec.objects("podSets") {
		n, err := set.count("count")
		if a := admitted[set.text("name")]; err == nil && a.get("count") != nil {
			n, err = a.count("count")
		}
		if err != nil {
			return err
		}
		template := set.object("template").object("spec")
		each := 0
		for _, c := range template.objects("containers") {
			each += gpusOf(c.object("resources"))
		}
		pods, gpus = min(pods+n, maxSize), min(gpus+n*min(each, maxSize), maxSize)
		for key, value := range template.object("nodeSelector") { // in any order: it only fills a map
			values["selector."+key] = textOf(value)
		}
	}
	values["pods"], values["gpus"] = strconv.Itoa(pods), strconv.Itoa(gpus)
	values["flavor"] = strings.Join(slices.Sorted(maps.Keys(flavors)), "+")
	return nil
}

// gpusOf counts the GPUs that a container requests or, as limits imply requests, may use.
func gpusOf(resources object) int {
	for _, from := range []object{resources.object("requests"), resources.object("limits")} {
		total := 0
		for name, quantity := range from { // in any order: it only sums up
			if n, err := strconv.Atoi(textOf(quantity)); err == nil && n > 0 && n <= maxSize &&
				strings.HasSuffix(name, "/gpu") {
				total += n
			}
		}
		if total > 0 {
			return total
		}
	}
	return 0
}
