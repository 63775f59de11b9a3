// What a client says of itself, as it may stand in a log. A secret that somebody types where a name belongs is still a
// secret, so a user name is told only when somebody of ours has it, and a level of a client id or topic never when it has
// the form of our own secrets (43 characters of base64url): its first six lead to it, as they do in a list of tokens.

const charactersMax = 128

/** A client id, topic or filter: at most 128 characters of it. */
export function told(text: string): string {
  return text
    .split('/')
    .map(level => (/^[A-Za-z0-9_-]{43}$/.test(level) ? `${level.slice(0, 6)}… (${level.length} characters)` : level))
    .join('/')
    .slice(0, charactersMax)
}

/** `known`: a device or principal has this name. */
export function toldUserName(userName: string | undefined, known: boolean): string | undefined {
  if (userName === undefined || known) return userName?.slice(0, charactersMax)
  return `nobody's (${userName.length} characters)`
}
