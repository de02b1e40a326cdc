"""`pgmend.fix` as the queue of fixes: proposed, claimed, remembered."""
