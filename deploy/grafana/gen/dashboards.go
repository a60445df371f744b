package main

func one(expr, legend string) []query { return []query{{expr, legend}} }

func ops() dashboard {
	return dashboard{"veghe-ops", "veghe: operation", "Is it up, does it keep up, is anything lost, how long will the disk last.", []row{
		{"Now", []panel{
			{kind: "stat", title: "Ready", wide: 4, queries: one(`min(veghe_ready)`, "")},
			{kind: "stat", title: "Oldest unhandled", about: "How far the slowest stage is behind.", unit: "s", wide: 4, warn: 60, bad: 300, queries: one(`max(stage:veghe_lag_seconds:max)`, "")},
			{kind: "stat", title: "In flight", about: "Collected, and not yet assessed or given up.", wide: 4, queries: one(`sum(veghe_ledger_posts{state="in_flight"})`, "")},
			{kind: "stat", title: "Dead letters", wide: 4, warn: 1, queries: one(`sum(veghe_dead_letters_waiting)`, "")},
			{kind: "stat", title: "Disk free", unit: "bytes", wide: 4, queries: one(`min(veghe_disk_free_bytes)`, "")},
			{kind: "stat", title: "Last backup", unit: "s", about: "Age of the oldest last backup.", wide: 4, warn: 2 * 86400, bad: 8 * 86400, queries: one(`max(time() - veghe_backup_last_success_timestamp_seconds)`, "")},
		}},
		{"Throughput", []panel{
			{kind: "timeseries", title: "Posts a second", unit: "cps", queries: []query{
				{`sum(rate(veghe_posts_collected_total[5m]))`, "collected"}, {`sum(rate(veghe_posts_assessed_total[5m]))`, "assessed"}, {`sum(rate(veghe_posts_indexed_total[5m]))`, "indexed"},
			}},
			{kind: "timeseries", title: "The way of a post, 99 of 100", unit: "s", queries: one(`hop:veghe_hop_seconds:p99_5m{hop!="posted_to_collected"}`, "{{hop}}")},
			{kind: "timeseries", title: "The way of a post, median", unit: "s", queries: one(`hop:veghe_hop_seconds:p50_5m{hop!="posted_to_collected"}`, "{{hop}}")},
		}},
		{"Stages", []panel{
			{kind: "timeseries", title: "Records a second", unit: "cps", wide: 6, queries: one(`stage:veghe_records:rate5m`, "{{stage}}")},
			{kind: "timeseries", title: "Failed batches a minute", wide: 6, queries: one(`60 * sum by (stage) (rate(veghe_stage_errors_total[5m]))`, "{{stage}}")},
			{kind: "timeseries", title: "Busy", about: "Share of the time in which the stage handles a batch.", unit: "percentunit", wide: 6, queries: one(`stage:veghe_busy:ratio5m`, "{{stage}}")},
			{kind: "timeseries", title: "Behind", unit: "s", wide: 6, queries: one(`stage:veghe_lag_seconds:max`, "{{stage}}")},
			{kind: "timeseries", title: "Records behind", wide: 6, queries: one(`sum by (stage) (veghe_lag_records)`, "{{stage}}")},
			{kind: "timeseries", title: "Failing now", wide: 6, queries: one(`max by (stage) (veghe_stage_failing)`, "{{stage}}")},
			{kind: "timeseries", title: "Dead letters, new an hour", wide: 6, queries: one(`sum by (topic) (increase(veghe_dead_letters_total[1h]))`, "{{topic}}")},
			{kind: "timeseries", title: "Kafka", about: "Rebalances, retries, what was skipped.", wide: 6, queries: one(`sum by (event) (rate(veghe_kafka_events_total{event!="commit"}[5m]))`, "{{event}}")},
		}},
		{"Sources", []panel{
			{kind: "timeseries", title: "Pages a second by outcome", stacked: true, queries: one(`sum by (outcome) (rate(veghe_source_visits_total[5m]))`, "{{outcome}}")},
			{kind: "bargauge", title: "Not read for", unit: "s", instant: true, queries: one(`sort_desc(time() - max by (source) (veghe_source_last_success_timestamp_seconds))`, "{{source}}")},
			{kind: "bargauge", title: "No new post for", unit: "s", instant: true, queries: one(`sort_desc(time() - max by (source) (veghe_source_last_new_timestamp_seconds))`, "{{source}}")},
			{kind: "timeseries", title: "Share of visits that fail", unit: "percentunit", queries: one(`source:veghe_visits_failed:ratio1h`, "{{source}}")},
			{kind: "timeseries", title: "Pages due", queries: one(`sum by (source) (veghe_source_due_pages)`, "{{source}}")},
			{kind: "timeseries", title: "Time for a page, 95 of 100", unit: "s", queries: one(`histogram_quantile(0.95, sum by (le) (rate(veghe_visit_seconds_bucket[5m])))`, "visit")},
		}},
		{"What is kept", []panel{
			{kind: "timeseries", title: "Disk", unit: "bytes", queries: []query{
				{`sum(veghe_log_bytes)`, "log"}, {`sum(veghe_evidence_bytes)`, "evidence"}, {`min(veghe_disk_free_bytes)`, "free"},
			}},
			{kind: "timeseries", title: "Held for a stage", about: "Bytes past their time.", unit: "bytes", queries: one(`sum by (topic) (veghe_log_held_bytes)`, "{{topic}}")},
			{kind: "timeseries", title: "Oldest record against the window", unit: "s", queries: []query{
				{`time() - min by (topic) (veghe_log_oldest_timestamp_seconds{topic=~"veghe.posts|veghe.assessments"})`, "{{topic}}"}, {`max(veghe_retention_window_seconds)`, "window"},
			}},
			{kind: "timeseries", title: "Removed an hour", queries: one(`sum by (part) (increase(veghe_retention_removed_total[1h]))`, "{{part}}")},
			{kind: "timeseries", title: "Not looked through for", about: "Since a part of what is kept was last found as it was written.", unit: "s", queries: one(`time() - min by (part) (veghe_scrub_last_success_timestamp_seconds)`, "{{part}}")},
			{kind: "timeseries", title: "Damaged", queries: one(`max by (part) (veghe_scrub_damaged)`, "{{part}}")},
			{kind: "timeseries", title: "Retention last ran", unit: "s", queries: one(`time() - max by (part) (veghe_retention_last_success_timestamp_seconds)`, "{{part}}")},
		}},
		{"The process", []panel{
			{kind: "timeseries", title: "CPUs used", wide: 6, queries: one(`rate(process_cpu_seconds_total{job="veghe"}[5m])`, "{{instance}}")},
			{kind: "timeseries", title: "Memory", unit: "bytes", wide: 6, queries: one(`process_resident_memory_bytes{job="veghe"}`, "{{instance}}")},
			{kind: "timeseries", title: "Desk, 95 of 100", unit: "s", wide: 6, queries: one(`histogram_quantile(0.95, sum by (route, le) (rate(veghe_http_request_seconds_bucket[5m])))`, "{{route}}")},
			{kind: "timeseries", title: "Requests by answer", wide: 6, queries: one(`sum by (code) (rate(veghe_http_request_seconds_count[5m]))`, "{{code}}")},
		}},
	}}
}

func analysts() dashboard {
	return dashboard{"veghe-analysts", "veghe: rules", "What rules find, what rules in shadow would find, and whether people agree.", []row{
		{"Today", []panel{
			{kind: "stat", title: "Rules in force", wide: 6, queries: one(`max(veghe_rules_in_force)`, "")},
			{kind: "stat", title: "Newer rules refused", wide: 6, warn: 1, queries: one(`max(veghe_rules_reload_failed)`, "")},
			{kind: "stat", title: "Flagged of all", unit: "percentunit", wide: 6, queries: one(`veghe:flagged:ratio1d`, "")},
			{kind: "stat", title: "Judged relevant, of those decided", unit: "percentunit", wide: 6, queries: one(`sum(increase(veghe_reviews_total{decision="relevant"}[1w])) / sum(increase(veghe_reviews_total{decision=~"relevant|not_relevant"}[1w]))`, "")},
		}},
		{"What is flagged", []panel{
			{kind: "timeseries", title: "Flagged an hour by severity", stacked: true, wide: 12, queries: one(`sum by (severity) (increase(veghe_posts_flagged_total[1h]))`, "{{severity}}")},
			{kind: "timeseries", title: "Flagged an hour by category", stacked: true, wide: 12, queries: one(`sum by (category) (increase(veghe_posts_flagged_total[1h]))`, "{{category}}")},
			{kind: "bargauge", title: "Alerts of a day by indicator", instant: true, wide: 8, queries: one(`topk(25, indicator:veghe_alerts:increase1d)`, "{{indicator}}")},
			{kind: "bargauge", title: "Alerts of a day by language", instant: true, wide: 8, queries: one(`sort_desc(sum by (language) (increase(veghe_alerts_total[1d])))`, "{{language}}")},
			{kind: "bargauge", title: "Alerts of a day by source", instant: true, wide: 8, queries: one(`topk(25, sum by (source) (increase(veghe_alerts_total[1d])))`, "{{source}}")},
		}},
		{"Rules", []panel{
			{kind: "bargauge", title: "Findings of a day, most", instant: true, queries: one(`topk(25, sum by (rule) (increase(veghe_rule_findings_total{shadow="false"}[1d])))`, "{{rule}}")},
			{kind: "bargauge", title: "In shadow: would have found in a day", instant: true, queries: one(`topk(25, sum by (rule) (increase(veghe_rule_findings_total{shadow="true"}[1d])))`, "{{rule}}")},
			{kind: "bargauge", title: "Ten times as often as the week before", instant: true, queries: one(`sum by (rule) (increase(veghe_rule_findings_total[1d])) > 10 * sum by (rule) (increase(veghe_rule_findings_total[1w] offset 1d)) / 7 and sum by (rule) (increase(veghe_rule_findings_total[1d])) > 20`, "{{rule}}")},
			{kind: "timeseries", title: "Findings an hour by indicator", wide: 24, stacked: true, queries: one(`topk(15, sum by (indicator) (increase(veghe_findings_total{shadow="false"}[1h])))`, "{{indicator}}")},
		}},
		{"What people say", []panel{
			{kind: "timeseries", title: "Decisions a day", stacked: true, wide: 12, queries: one(`sum by (decision) (increase(veghe_reviews_total[1d]))`, "{{decision}}")},
			{kind: "timeseries", title: "Found by standing searches a day", wide: 12, queries: one(`sum(increase(veghe_watch_hits_total[1d]))`, "posts")},
			{kind: "timeseries", title: "Notes an hour", about: "What channels were told of standing searches, by how it went.", queries: one(`sum by (channel, outcome) (increase(veghe_notes_total[1h]))`, "{{channel}} {{outcome}}")},
			{kind: "timeseries", title: "Posts to tell of", queries: one(`max by (channel) (veghe_notes_waiting_posts)`, "{{channel}}")},
			{kind: "timeseries", title: "Oldest post to tell of", unit: "s", queries: one(`max by (channel) (veghe_notes_waiting_seconds)`, "{{channel}}")},
		}},
	}}
}

func leadership() dashboard {
	return dashboard{"veghe-leadership", "veghe: work to do", "How much is flagged, how much of it was looked at, how long it waits. No names, no texts.", []row{
		{"To look at", []panel{
			{kind: "stat", title: "Waiting", wide: 6, queries: one(`max(veghe_index_posts{state="unreviewed"})`, "")},
			{kind: "stat", title: "Flagged this week", wide: 6, queries: one(`sum(increase(veghe_posts_flagged_total[1w]))`, "")},
			{kind: "stat", title: "High or critical this week", wide: 6, queries: one(`sum(increase(veghe_posts_flagged_total{severity=~"high|critical"}[1w]))`, "")},
			{kind: "stat", title: "Decided this week", wide: 6, queries: one(`sum(increase(veghe_reviews_total[1w]))`, "")},
		}},
		{"How long it waits", []panel{
			{kind: "timeseries", title: "Time to the first decision, median", unit: "s", wide: 12, queries: one(`histogram_quantile(0.5, sum by (severity, le) (rate(veghe_review_wait_seconds_bucket[1w])))`, "{{severity}}")},
			{kind: "timeseries", title: "Time to the first decision, 9 of 10", unit: "s", wide: 12, queries: one(`histogram_quantile(0.9, sum by (severity, le) (rate(veghe_review_wait_seconds_bucket[1w])))`, "{{severity}}")},
			{kind: "timeseries", title: "Waiting", wide: 12, queries: one(`max(veghe_index_posts{state="unreviewed"})`, "posts")},
			{kind: "timeseries", title: "Flagged and decided a day", wide: 12, queries: []query{
				{`sum(increase(veghe_posts_flagged_total[1d]))`, "flagged"}, {`sum(increase(veghe_reviews_total[1d]))`, "decided"},
			}},
		}},
		{"What it is worth", []panel{
			{kind: "timeseries", title: "Decisions a week", stacked: true, wide: 12, queries: one(`sum by (decision) (increase(veghe_reviews_total[1w]))`, "{{decision}}")},
			{kind: "timeseries", title: "Posts read a day by source", stacked: true, wide: 12, queries: one(`topk(15, 86400 * source:veghe_posts_collected:rate1h)`, "{{source}}")},
		}},
	}}
}
