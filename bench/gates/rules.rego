# Five of the gates in OPA's language, for `npm run bench:gates`: first the same refusals, then the same clock.
# Settings are the ones that Tollgate resolved, so that both judge by the same thresholds.
package tollgate

import rego.v1

gates := input.settings

evidence := input.evidence

refusals contains {"gate": "digest-matches", "subject": ""} if not same_bytes

same_bytes if {
	evidence.model.name == input.pin.name
	evidence.model.version == input.pin.version
	evidence.model.digest == input.pin.digest
	input.registryDigest == input.pin.digest
}

# With `object.get`, because a call with an undefined argument is undefined even after `not`: a metric that nobody
# measured would pass.
refusals contains {"gate": "metric-floor", "subject": metric} if {
	some metric, floor in gates["metric-floor"].floors
	not at_least(object.get(evidence.metrics, metric, null), floor)
}

refusals contains {"gate": "metric-floor", "subject": metric} if {
	some metric, needed in input.needed.floors
	some rows in stands(metric)
	rows < needed
}

# Distinct rows that a metric stands on.
stands("accuracy") := {evidence.support.distinctRows}

stands("recall") := labelled

stands("precision") := predicted

stands("f1") := labelled | predicted

labelled := {class.distinctRows | some class in judged}

predicted := {class.predicted | some class in judged}

judged contains class if {
	some class in evidence.support.classes
	evidence.support.positive in {null, class.value}
}

refusals contains {"gate": "metric-floor", "subject": metric} if {
	some metric, ceiling in gates["metric-floor"].ceilings
	not at_most(object.get(evidence.metrics, metric, null), ceiling)
}

refusals contains {"gate": "latency", "subject": "p95"} if {
	not at_most(object.get(evidence.latency, "p95Ms", null), gates.latency.p95Ms)
}

refusals contains {"gate": "smoke", "subject": ""} if not evidence.smoke.passed == true

# A comprehension is made once; a partial rule would be searched again for every name.
measured := {slice.name: slice | some slice in evidence.slices}

refusals contains {"gate": "slices", "subject": name} if {
	some name, wanted in gates.slices.slices
	not keeps(wanted, measured[name], input.needed.slices[name])
}

refusals contains {"gate": "slices", "subject": name} if {
	some name, _ in gates.slices.slices
	not measured[name]
}

keeps(wanted, slice, needed) if {
	slice.where == wanted.where
	min({slice.rows, slice.support.distinctRows}) >= needed
	at_least(object.get(slice.metrics, wanted.metric, null), wanted.floor)
}

# Numbers only: Rego orders values of any kind, and a text is larger than every number.
at_least(value, floor) if {
	is_number(value)
	value >= floor
}

at_most(value, ceiling) if {
	is_number(value)
	value <= ceiling
}
