// Prints what failed, and one line of counts, from the test runner's JSON report: at the end of a long output, where one looks.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const skipped = report.numPendingTests + report.numTodoTests;
// A file that cannot even be loaded has no tests to fail, yet it is a failure.
const broken = report.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
).length;
for (const { name, status, message, assertionResults } of report.testResults) {
  const failed = assertionResults.filter((test) => test.status === "failed");
  for (const { fullName, failureMessages } of failed) tell(name, fullName, failureMessages[0]);
  if (status === "failed" && failed.length === 0) tell(name, "could not be run", message);
}
console.log(`tests: ${report.numPassedTests} passed, ${report.numFailedTests + broken} failed, ${skipped} skipped`);

function tell(file, test, message = "") {
  console.log(`FAIL ${relative(process.cwd(), file)} > ${test}`);
  console.log(message.trimEnd().split("\n").slice(0, 12).join("\n").replace(/^/gm, "     "));
}
