// Whether somebody reads queue `inbound`: the views that say so ask here.

const UNREAD_AFTER_SECONDS = 300;

// From the state of the queue. What a program holds while it deals with it has no age.
export const isUnread = ({ oldest_seconds: oldest }) => oldest !== null && oldest > UNREAD_AFTER_SECONDS;
