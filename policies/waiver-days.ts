/** Longest time a waiver may be given for, in days: what must be lived with for longer belongs into the settings. */
export const longestWaiverDays = 30;
