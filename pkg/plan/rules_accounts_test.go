package plan

import "testing"

const adopted = "testdata/adopted.yaml"

// accountMistakes are made in testdata/adopted.yaml, which has two accounts.
var accountMistakes = []mistake{
	{"account as a number", `"444455556666"`, "444455556666", `accounts.recovery: is the number 444455556666, not a text; write "444455556666" with its quotes`, true},
	{"account with a zero in front as a number", `"011122223333"`, "011122223333", `accounts.primary: is the number 011122223333, not a text; write "011122223333" with its quotes`, true},
	{"account with hyphens", `"444455556666"`, "4444-5555-6666", `"4444-5555-6666" is not an AWS account: twelve digits; write "444455556666"`, true},
	{"account without a zero in front", `"011122223333"`, `"11122223333"`, "is not an AWS account: twelve digits", true},
	{"one account", `, recovery: "444455556666"`, "", "accounts.recovery: is missing; write recovery: \"444455556666\"", true},
	{"the same account", "444455556666", "011122223333", "accounts.recovery: is the primary account: who breaks into it could delete the copies too", false},
	{"backups across accounts", "protect:\n", "protect:\n  - {name: orders, database: {instance: orders}}\n",
		"protect[0].database: RDS replicates automated backups within one account alone, and the recovery side is another one; write by: snapshots in it", false},
	{"fence across accounts", "recover:\n", "recover:\n  - fence: {instances: {tags: {app: adopted}}}\n",
		"recover[0].fence: would act in the other account, where nothing that Pilotlight deploys may: that is what keeps the copies safe from there; write approve", false},
}

func TestLoad_reportsOneMistakeOfAccountsOnce(t *testing.T) {
	reportedOnce(t, adopted, accountMistakes)
}

func TestSchema_refusesTheMistakesOfAccountsThatASchemaCanSee(t *testing.T) {
	refusedBySchema(t, adopted, accountMistakes)
}
