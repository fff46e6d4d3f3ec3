import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file that only its owner may read: whole or not at all, and on the disk when it resolves. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const draft = `${file}.new`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  if (process.platform !== "win32") await syncFolder(dirname(file));
}

/** A rename is durable only with its folder; Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
