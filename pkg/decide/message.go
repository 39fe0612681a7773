package decide

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// answerRun is the function that takes an answer; the blueprint deploys it.
const answerRun = "answer-run"

// Message is what people are told of an alert: what was seen, what is at stake, what
// will happen, and how to answer. Who reads it may just have been woken: the subject
// says all that is needed to get up, and the commands can be pasted as they are.
func (in Input) Message(alert run.Alert, o Outlook) (subject, text string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SEEN since %s\n%s\n", clock(o.Since), alert.Reason)
	fmt.Fprintf(&b, "\nAT STAKE\nThe plan promises an outage of %s and a loss of %s at most.\n", in.Objectives.RTO, in.Objectives.RPO)
	for _, loss := range o.Loss {
		fmt.Fprintf(&b, "- %s\n", loss)
	}
	if alert.Run == "" {
		fmt.Fprintf(&b, "\nNothing starts by itself. To fail over to %s:\n", in.Recovery)
		in.command(&b, "failover "+in.Plan+` --reason "what you saw"`, "decide-failover", map[string]any{"plan": in.Plan, "manual": Manual{Reason: "what you saw"}})
		return fmt.Sprintf("Pilotlight: %s sees a disaster; you may fail over to %s", in.Plan, in.Recovery),
			"Plan " + in.Plan + " sees a disaster.\n\n" + b.String()
	}
	fmt.Fprintf(&b, "\nYES starts run %s, the failover to %s%s.\n", alert.Run, in.Recovery, in.steps())
	in.answer(&b, alert, run.SayYes)
	fmt.Fprint(&b, "\nNO leaves everything as it is until the signals are well again.\n")
	in.answer(&b, alert, run.SayNo)
	fmt.Fprintf(&b, "\nWithout an answer until %s you are asked again. The first answer counts.\n", clock(alert.Until))
	return fmt.Sprintf("Pilotlight: fail %s over to %s? Answer until %s UTC", in.Plan, in.Recovery, alert.Until.UTC().Format("15:04")),
		"Plan " + in.Plan + " sees a disaster and asks: shall it fail over to " + in.Recovery + "?\n\n" + b.String()
}

func (in Input) steps() string {
	if len(in.Gate.Steps) == 0 {
		return ""
	}
	return ", with the steps " + strings.Join(in.Gate.Steps, ", ")
}

func (in Input) answer(b *strings.Builder, alert run.Alert, word run.Word) {
	in.command(b, fmt.Sprintf("answer %s %s %s %s --question %d", in.Plan, alert.Run, run.Question, word, alert.Number), answerRun,
		map[string]any{"plan": in.Plan, "run": alert.Run, "step": run.Question, "question": alert.Number, "word": word, "by": "YOUR NAME"})
}

// command writes how to do something with pilotlight, and without.
// https://docs.aws.amazon.com/cli/latest/reference/lambda/invoke.html
func (in Input) command(b *strings.Builder, words, function string, payload any) {
	raw, err := json.Marshal(payload)
	if err != nil { // of strings and numbers, which have a form in JSON
		raw = []byte(err.Error())
	}
	fmt.Fprintf(b, "  AWS_REGION=%s pilotlight %s\nor\n  aws lambda invoke --region %[1]s --function-name %[3]s --cli-binary-format raw-in-base64-out --payload '%[4]s' /dev/stdout\n",
		in.Recovery, words, names.Function(in.Plan, function), raw)
}

// over is what people are told when the signals are well again.
func (in Input) over(alert run.Alert, now, said string) (subject, text string) {
	text = fmt.Sprintf("What you were told of at %s is over.\n\nNow: %s\n", clock(alert.At), now)
	if alert.Run != "" {
		text += fmt.Sprintf("\nThe question whether run %s starts is withdrawn: later answers are refused.\n", alert.Run)
	}
	if said != "" {
		text += fmt.Sprintf("\n%s; nothing was started.\n", said)
	}
	return fmt.Sprintf("Pilotlight: %s sees no disaster any more", in.Plan), text
}

// started is what people are told when a run has begun.
func (in Input) started(given run.Input) (subject, text string) {
	return fmt.Sprintf("Pilotlight: run %s has started", given.Run),
		fmt.Sprintf("Run %s of plan %s (%s) started at %s.\n\nWHY\n%s\n\nFOLLOW IT\n  AWS_REGION=%s pilotlight status %[2]s\n\nCANCEL IT, and have it taken back\n  AWS_REGION=%[6]s pilotlight answer %[2]s %[1]s %[7]s %[8]s\n",
			given.Run, in.Plan, given.Mode, given.At.UTC().Format(time.RFC3339), given.Reason, in.Recovery, run.Whole, run.SayAbort)
}
