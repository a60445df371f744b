package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/index/desk"
)

func TestProposals(t *testing.T) {
	d := openDesk(t)
	ctx := t.Context()
	first, err := d.Propose(ctx, desk.Proposal{
		Kind: "indicator", Name: "DOC-01", Document: "indicator: DOC-01\n", Base: "indicator: DOC-01 # before\n", Rules: "abc", Note: "a new wording", By: "ana", At: noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.Propose(ctx, desk.Proposal{Kind: "exception", Name: "fair", Document: "exception: fair\n", Note: "the fair", Effect: `{"posts":3}`, By: "dan", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DecideProposal(ctx, first.ID, desk.Withdrawn, "dan", "mine", noon); err == nil {
		t.Error("somebody else withdrew a proposal")
	}
	if err := d.DecideProposal(ctx, first.ID, desk.Accepted, "dan", "", noon); err == nil {
		t.Error("accepted without a reason")
	}
	if err := d.DecideProposal(ctx, first.ID, desk.Accepted, "dan", "tried on a month", noon); err != nil {
		t.Fatal(err)
	}
	if err := d.DecideProposal(ctx, first.ID, desk.Rejected, "ana", "no", noon); !errors.Is(err, desk.ErrDecided) {
		t.Errorf("decided twice: %v", err)
	}
	if err := d.DecideProposal(ctx, 99, desk.Rejected, "ana", "no", noon); !errors.Is(err, desk.ErrNoProposal) {
		t.Errorf("one that is not there: %v", err)
	}
	first.Status, first.Decided = desk.Accepted, &desk.ProposalDecision{By: "dan", At: noon, Reason: "tried on a month"}
	got, err := d.Proposals(ctx)
	if diff := cmp.Diff([]desk.Proposal{second, first}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if one, err := d.Proposal(ctx, second.ID); err != nil || one.Status != desk.Proposed || one.Decided != nil {
		t.Errorf("an open one: %+v, %v", one, err)
	}
	for _, bad := range []desk.Proposal{
		{}, {Kind: "indicator", Name: "A", Document: "a", By: "ana"}, {Kind: "indicator", Name: "A", Document: strings.Repeat("a", 65<<10), Note: "n", By: "ana"},
	} {
		if _, err := d.Propose(ctx, bad); err == nil {
			t.Errorf("kept a proposal of %d bytes by %q", len(bad.Document), bad.By)
		}
	}
}
