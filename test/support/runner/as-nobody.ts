/** The user of that name, who owns nothing (nobody(5) of Linux). */
const nobody = 65_534;

/** Does it as somebody who may do what a file permits to others, and no more: whoever may do everything is nobody meanwhile. */
export async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(nobody);
  try {
    return await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
