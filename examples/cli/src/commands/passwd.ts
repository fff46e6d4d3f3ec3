import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { jsonLine } from "../message-line.ts";
import { obtainNewPassword, obtainPassword } from "../password.ts";

export interface PasswdOptions extends ConnectionOptions {
  readonly newPasswordFd?: number;
  readonly json?: boolean;
}

/** Changes one's own password; the other sessions of this user end. */
export async function passwd(address: string, options: PasswdOptions, context: Context): Promise<void> {
  const { output, texts } = context;
  const password = await obtainPassword(options, texts);
  await using client = await connect(address, { ...options, password }, context);
  await client.changePassword(password, await obtainNewPassword(options, texts));
  await output.line(options.json ? jsonLine({ name: client.user.name, changed: true }) : texts("passwd.done"));
}
