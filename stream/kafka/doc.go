// Package kafka is a stream.Log on a Kafka cluster, through
// segmentio/kafka-go, which only this package knows.
//
// # What it adds to kafka-go
//
// kafka-go offers a Writer and a Reader; this package uses the layer below,
// its Client and ConsumerGroup, because the contract of stream.Log is
// stricter than theirs:
//
//	Append ─▶ parcels per partition ─▶ sender: one request in flight, repeated
//	                                   until stored ─▶ leader, all in-sync replicas
//
//	ConsumerGroup ─▶ generation ─▶ worker per partition:
//	                               fetch ─▶ handler, again until nil ─▶ commit
//
// A Writer that gives up on a batch goes on with the next one, so a later
// record can be stored before an earlier one of the same key. Here one sender
// per topic and partition repeats the head of its queue until it is stored or
// nobody waits for it any more; what arrives meanwhile makes the next batch,
// so batches grow with the load and nothing waits for a timer.
//
// A Reader has one queue for all its partitions and does not empty it on a
// rebalance: a handler that waits stops them all, and a stale record can move
// a committed offset back. Here every partition of every generation has a
// worker that ends with the generation. It commits after each batch, what it
// finished, in order and under the generation's number, so that the broker
// refuses the commit of a member that lost the partition.
//
// # When a broker is away
//
// Everything is tried again with growing pauses until its context ends: the
// cluster chooses new leaders and coordinators, and this follows within about
// a second. One log line says that an activity is in trouble, one that it is
// well again; [Log.Trouble] and [Log.Stats] tell at any time. Only errors that
// trying again cannot help end a call, such as a refused password.
//
// There is no idempotent producer in kafka-go: an acknowledgement lost with
// its broker makes a repeat, which the contract allows and sinks bear.
package kafka
