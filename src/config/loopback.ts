const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/

/** Whether a host is this machine itself, so that no other one reaches what listens there. */
export const isLoopback = (host: string): boolean => loopback.test(host)
