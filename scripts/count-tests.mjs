// Prints one line of counts from the test runner's JSON report.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const skipped = report.numPendingTests + report.numTodoTests;
// A file that cannot even be loaded has no tests to fail, yet it is a failure.
const broken = report.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
).length;
console.log(`tests: ${report.numPassedTests} passed, ${report.numFailedTests + broken} failed, ${skipped} skipped`);
