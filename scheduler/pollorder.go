package scheduler

// A pollOrder finds the workers that are heard of. Idle workers poll again and again, and mostly in
// the same order. So the worker to come is most likely the one that came next the last time, and is
// then found without a search among all of them. What is found is the same either way.
type pollOrder struct {
	latest *worker // the one that was heard of last
}

// find returns the known worker with an id, or nil.
func (o *pollOrder) find(known map[WorkerID]*worker, id WorkerID) *worker {
	if o.latest != nil {
		if next := o.latest.next; next != nil && next.id == id && !next.forgotten {
			o.latest = next
			return next
		}
	}
	w := known[id]
	if w != nil {
		o.heard(w)
	}
	return w
}

// heard notes that a worker came next.
func (o *pollOrder) heard(w *worker) {
	if o.latest != nil {
		o.latest.next = w
	}
	o.latest = w
}

// forget notes that a worker is not known any more. What came before it may still refer to it, but
// it refers to none, so that those gone do not keep each other.
func (o *pollOrder) forget(w *worker) {
	w.next = nil
	if o.latest == w {
		o.latest = nil
	}
}
